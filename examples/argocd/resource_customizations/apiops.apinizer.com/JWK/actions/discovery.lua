local suspended = obj.spec.suspend == true

local actions = {}
actions["reconcile"] = {["disabled"] = suspended}
actions["suspend"] = {["disabled"] = suspended}
actions["resume"] = {["disabled"] = not suspended}
return actions
