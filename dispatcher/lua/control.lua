-- SPDX-License-Identifier: MIT
-- What people do to a run that was launched. What takes long is done string by string:
-- the run's `strings` (sorted set, by when) name the strings of records that have a step
-- to be done; whoever keeps runs takes the next one. The entry goes in the same step.

local function strings_fill(r)
  local key = K.run .. r.id .. K.strings
  call('DEL', key)
  for p = 0, r.partitions - 1 do
    local front = tonumber(call('HGET', K.run .. r.id, 'front' .. p)) or 0
    for j = 0, math.ceil(front / STRING) - 1 do call('ZADD', key, 0, p .. ':' .. j) end
  end
end

-- Members that are on the wire: they stand under a lease.
local function sending_count(run)
  local n = 0
  local leases = call('HGETALL', K.run .. run .. K.lease)
  for i = 1, #leases, 2 do
    local p, from = string.match(leases[i], '^(%d+):(%d+)$')
    local w = window_open(run, tonumber(p), tonumber(from), cmsgpack.unpack(leases[i + 1]).to)
    for at = 1, w and #w.bytes or 0, 8 do
      if byte(w.bytes, at) % 16 == S.SENDING then n = n + 1 end
    end
  end
  return n
end

-- [run, reason, by] → ['cancelled', ended or about to end, accepted, delivered,
-- undeliverable, on the wire, in doubt, frozen (0|1)] or [the state that forbids it].
-- From this step on nothing is claimed or permitted; told again it changes nothing.
local function cancel(_, a)
  local run, key = a[1], K.run .. a[1]
  local r = run_get(run)
  if not r.launched_s then return { 'gone' } end
  local is_new = r.state == 'running' or r.state == 'paused'
  if not is_new and r.state ~= 'cancelled' then return { r.state } end
  local function count(name) return tonumber(call('HGET', key .. K.count, name)) or 0 end
  local sending = sending_count(run)
  local ends = (tonumber(call('HGET', key, 'audience')) or 0) - sending
  for _, name in pairs(COUNTED) do
    if name ~= 'retry' and name ~= 'cancelled' then ends = ends - count(name) end
  end
  local out = { 'cancelled', math.max(0, ends), count('accepted'), count('delivered'),
    count('undeliverable'), sending, count('unknown'), call('HGET', key, 'frozen') and 1 or 0 }
  if is_new then
    set_state(run, 'cancelled', 'person', a[2], a[3])
    strings_fill(r)
    call('PUBLISH', K.tick, 'run')
  end
  return out
end

local LEASED_AGAIN_MS = 500 -- until a string that was partly leased is looked at again

-- [run] → [1 = there may be more to do at once | 0, members that changed]
local function step(_, a)
  local t = clock()
  local r = run_get(a[1])
  local key = K.run .. a[1] .. K.strings
  local head = call('ZRANGEBYSCORE', key, '-inf', int(t.ms), 'LIMIT', 0, 1)[1]
  if not head or not r.launched_s then return { 0, 0 } end
  local p, j = string.match(head, '^(%d+):(%d+)$')
  if r.state == 'cancelled' then
    if reconcile(nil, { a[1], p, j }) == -1 then call('ZREM', key, head)
    else call('ZADD', key, int(t.ms + LEASED_AGAIN_MS), head) end
    return { 1, 0 }
  end
  call('ZREM', key, head)
  return { 1, 0 }
end

export('cancel', cancel, ANYWAY)
export('step', step, ANYWAY)
