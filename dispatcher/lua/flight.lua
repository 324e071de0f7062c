-- SPDX-License-Identifier: MIT
-- Flight: the requests of a lane that are on the wire, over all processes. Its `busy` hash has
-- permit → the incarnation that asked for it; where nothing may be repeated by itself, behind
-- a colon, how many messages the request has.
--
-- What is on the wire when a sender or the gateway dies stays in doubt, and where the gateway does
-- not know a repetition every doubt is a person's work. So such a lane has a `doubt_cap`: no
-- more messages than that are on the wire at once.

local function is_alive(inc, t)
  return (tonumber(call('ZSCORE', K.incarnations, inc)) or 0) > t.ms
end

local flight = {}

function flight.entry(inc, n, cap)
  return cap > 0 and inc .. ':' .. int(n) or inc
end

function flight.owner(entry) return string.match(entry, '^[^:]*') end

-- How many requests a lane has on the wire, with those that this call permits; lv: see limits.lane.
function flight.count(lv)
  lv.on_wire = lv.on_wire or call('HLEN', lv.key .. K.busy)
  return lv.on_wire
end

-- One of n messages is permitted.
function flight.add(lv, n)
  lv.on_wire = flight.count(lv) + 1
  lv.added, lv.added_messages = (lv.added or 0) + 1, (lv.added_messages or 0) + n
end

-- Messages on the wire but for what this call permits; what a dead process had there is in doubt.
function flight.messages(lv, t)
  local sum, alive = 0, {}
  for _, entry in ipairs(call('HVALS', lv.key .. K.busy)) do
    local inc = flight.owner(entry)
    if alive[inc] == nil then alive[inc] = is_alive(inc, t) end
    if alive[inc] then sum = sum + (tonumber(string.match(entry, ':(%d+)$')) or 1) end
  end
  return sum
end

-- Would n messages more be over the cap (0 = there is none)? One request alone never is. largest:
-- messages that a request of this lane can have; while even requests of that size would be within
-- the cap, nothing is added up.
function flight.is_full(lv, cap, n, largest, t)
  if cap == 0 or flight.count(lv) * largest + n <= cap then return false end
  lv.flying = lv.flying or flight.messages(lv, t)
  local sum = lv.flying + (lv.added_messages or 0)
  return sum > 0 and sum + n > cap
end

-- Permits whose end was told, other than "all taken", of the last minutes: a journal tells such a one
-- again, and it is no permit that Redis has lost.
function flight.landed_key(lane, t, ago) return K.landed .. lane .. ':' .. int(floor(t.ms / 60000) - ago) end

function flight.land(lane, ids, t)
  local key = flight.landed_key(lane, t, 0)
  if #ids == 0 then return end
  call('SADD', key, unpack(ids))
  call('EXPIRE', key, 180, 'NX')
end

function flight.has_landed(lane, id, t)
  for ago = 0, 2 do
    if call('SISMEMBER', flight.landed_key(lane, t, ago), id) == 1 then return true end
  end
  return false
end
