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
elseif holds("Ready") and not holds("Reconciling") then
  health.status = "Healthy"
elseif conditions.Ready ~= nil and conditions.Ready.status == "False" then
  -- CircuitOpen as well: a sync waits without end for what is Progressing, and takes no commit that mends baseUrl
  health.status = "Degraded"
end
return health
