-- SPDX-License-Identifier: MIT
-- Tariffs: the providers of a run's partitions. A run's `lanes` are the providers of its tariffs;
-- `routes` says which tariffs a partition has ("order 1 0 3;share 1 1:70 4:30", see
-- run/run_route.h); without it each has that of its own number.

local route = { known = {}, known_count = 0 }

-- Of each partition {kind, least, {t, lane, share}, …}. Kept: the same few texts come again.
function route.plan(r)
  local id = (r.routes or '') .. '|' .. (r.lanes or '')
  local plan = route.known[id]
  if plan then return plan end
  local lanes, texts = {}, {}
  plan = {}
  for name in string.gmatch(r.lanes or '', '[^,]+') do lanes[#lanes + 1] = name end
  for text in string.gmatch(r.routes or '', '[^;]+') do texts[#texts + 1] = text end
  for p = 0, (tonumber(r.partitions) or #lanes) - 1 do
    local kind, least, rest = string.match(texts[p + 1] or '', '^(%l+) (%d+) (.*)$')
    local list = { kind = kind or 'order', least = tonumber(least) or 1 }
    for t, share in string.gmatch(rest or int(p), '(%d+):?(%d*)') do
      local lane = lanes[tonumber(t) + 1]
      if lane then
        list[#list + 1] = { t = tonumber(t), lane = lane, share = tonumber(share) or 1 }
      end
    end
    plan[p] = list
  end
  if route.known_count >= 256 then route.known, route.known_count = {}, 0 end
  route.known[id], route.known_count = plan, route.known_count + 1
  return plan
end

-- A partition's tariffs; which of them is this lane's, or nil.
function route.of(r, p) return route.plan(r)[p] or {} end
function route.entry(list, lane)
  for i, one in ipairs(list) do
    if one.lane == lane then return one, i end
  end
end
