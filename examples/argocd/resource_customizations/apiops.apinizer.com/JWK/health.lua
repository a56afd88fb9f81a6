local health = {status = "Progressing", message = "Waiting for the operator."}

local status = obj.status
if status == nil or status.conditions == nil or status.observedGeneration ~= obj.metadata.generation then
  return health
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local function holds(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end

if conditions.Ready ~= nil then
  health.message = conditions.Ready.message
end
if obj.metadata.deletionTimestamp ~= nil then
  health.status = "Progressing"
elseif conditions.Ready ~= nil and conditions.Ready.reason == "Suspended" then
  health.status = "Suspended"
elseif holds("Stalled") then
  health.status = "Degraded"
elseif holds("Ready") and not holds("Reconciling") then
  health.status = "Healthy"
end
return health
