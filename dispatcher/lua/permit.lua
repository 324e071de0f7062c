-- SPDX-License-Identifier: MIT
-- permit: exactly one request, already rendered, may leave at a dated slot.
-- All checks or none: lease, run, hours, suppression epoch, the records as the
-- sender saw them, rate, concurrency. Then the members are marked and the
-- request record is stored.

local HORIZON_US = 16000

-- GCRA on Redis time. Returns microseconds to wait before asking again, or nil
-- and the slot. A slot that nobody used is lost: time goes on without it.
local function rate_slot(lane, lv, cost, t)
  local per_s = tonumber(lv.rate)
  if not per_s or per_s <= 0 then return nil, t.us end
  local tat = tonumber(lv.tat) or t.us
  -- More than two seconds ahead: the clock stepped back or state was lost.
  if tat - t.us > 2000000 + HORIZON_US then tat = t.us + 1000000 end
  local slot = math.max(tat, t.us)
  if slot - t.us > HORIZON_US then return slot - t.us - HORIZON_US end
  return nil, slot, slot + cost * 1000000 / (per_s * 0.992)
end

local LANE_FIELDS = { 'rate', 'tat', 'concurrency', 'not_before', 'why' }
local function lane_get(lane)
  local v = call('HMGET', K.lane .. lane, unpack(LANE_FIELDS))
  local l = {}
  for i, name in ipairs(LANE_FIELDS) do l[name] = v[i] end
  return l
end

-- Members' records must be what the sender saw; in a repeat, what is still in
-- doubt is permitted again and what has settled meanwhile stays as it is.
local function members_changed(w, ranks, expected, is_repeat, attempts)
  if is_repeat then
    for i, rank in ipairs(ranks) do
      local r = window_get(w, rank)
      if r.state == S.UNKNOWN and r.attempt == byte(attempts, i) then return false end
    end
    return true
  end
  for i, rank in ipairs(ranks) do
    local at = (rank - w.from) * 8
    if sub(w.bytes, at + 1, at + 8) ~= sub(expected, i * 8 - 7, i * 8) then return true end
  end
  return false
end

-- [run, p, from, inc, fence, permit, lane, 'new'|'repeat', first, members, expected,
--  attempts, parts, hash, cost, epoch, dedupe_ms, provider]
--   ['go', slot us, now us, asked ms, repeatable till ms] ['wait', us, reason] ['stop', state] ['lost']
--   ['changed', records] ['epoch', n] ['held']
local function permit(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local id, lane, is_repeat = a[6], a[7], a[8] == 'repeat'
  local t = clock()
  if t.ms < t.open_at then return { 'wait', int((t.open_at - t.ms) * 1000), 'redis restarted' } end
  local lease = owns(run, p, from, a[4], tonumber(a[5]))
  if not lease then return { 'lost' } end
  local r = run_get(run)
  if r.state ~= 'running' then return { 'stop', r.state or 'gone' } end
  local closed = hours_wait(t, r.hours_from, r.hours_to)
  if closed > 0 then return { 'stop', 'outside the hours of its class' } end
  if t.epoch ~= tonumber(a[16]) then return { 'epoch', t.epoch } end
  local w = window_open(run, p, from, lease.to)
  if not w then return { 'lost' } end

  local first = tonumber(a[9])
  local field = first .. ':' .. byte(a[12], 1)
  local key = request_key(run, p, first)
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  if q and has_copy(q, id) then return { 'held' } end -- ids are used once
  if is_repeat then
    if not q then return { 'changed', w.bytes } end
    if q.members ~= a[10] or q.hash ~= a[14] or q.lane ~= lane or
      not is_repeatable(q, t.ms) then return { 'held' } end
  elseif q then
    return { 'changed', w.bytes }
  else
    q = { lane = lane, first = first, members = a[10], attempts = a[12], hash = a[14],
      copies = {}, till = tonumber(a[17]) > 0 and t.ms + tonumber(a[17]) or 0 }
  end
  local ranks = request_ranks(q)
  if members_changed(w, ranks, a[11], is_repeat, a[12]) then return { 'changed', w.bytes } end

  local lv = lane_get(lane)
  local not_before = tonumber(lv.not_before) or 0
  if t.ms < not_before then
    return { 'wait', int((not_before - t.ms) * 1000), lv.why or 'lane waits' }
  end
  local busy = K.lane .. lane .. K.busy
  local most = tonumber(lv.concurrency) or 0
  if most > 0 and call('HLEN', busy) >= most then return { 'wait', '2000', 'concurrency' } end
  local wait, slot, tat = rate_slot(lane, lv, tonumber(a[15]), t)
  if wait then return { 'wait', int(math.ceil(wait)), 'rate' } end

  -- Only writes from here.
  local now_s = floor(t.ms / 1000) - r.launched_s
  for i, rank in ipairs(ranks) do
    local rec = window_get(w, rank)
    if not is_repeat or (rec.state == S.UNKNOWN and rec.attempt == byte(a[12], i)) then
      window_set(w, rank, { state = S.SENDING, flags = rec.flags - rec.flags % 32, reason = 0,
        attempt = byte(a[12], i), provider = tonumber(a[18]), parts = byte(a[13], i),
        changed = rec.changed }, now_s)
    end
  end
  window_write(w)
  q.copies[#q.copies + 1] = id
  q.asked = t.ms
  call('HSET', key, field, cmsgpack.pack(q))
  call('HSET', busy, id, a[4])
  if tat then call('HSET', K.lane .. lane, 'tat', int(tat)) end
  return { 'go', int(slot), int(t.us), int(q.asked), int(q.till) }
end

-- [run, p, first, attempt, permit, lane, lane_wait_ms, why] → 1
-- The permit's bytes surely did not leave: take its copy out of the request and
-- nothing else. No copy left: waiting, same attempt; otherwise in doubt.
local function unmark(_, a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  local at = q and has_copy(q, id)
  if at and r.launched_s then
    local ranks = request_ranks(q)
    local w = window_open(run, p, ranks[1], ranks[#ranks] + 1)
    local now_s = floor(t.ms / 1000) - r.launched_s
    table.remove(q.copies, at)
    for i, rank in ipairs(ranks) do
      local rec = window_get(w, rank)
      if rec.attempt == byte(q.attempts, i) and (rec.state == S.SENDING or
        (rec.state == S.UNKNOWN and #q.copies == 0)) then
        rec = { state = #q.copies == 0 and S.WAITING or S.UNKNOWN, reason = 0,
          flags = rec.flags - rec.flags % 32, attempt = rec.attempt, provider = rec.provider,
          parts = rec.parts, changed = rec.changed }
        window_set(w, rank, rec, now_s)
      end
    end
    window_write(w)
    if #q.copies == 0 then call('HDEL', key, field)
    else call('HSET', key, field, cmsgpack.pack(q)) end
  end
  call('HDEL', K.lane .. lane .. K.busy, id)
  local wait = tonumber(a[7])
  if wait > 0 then call('HSET', K.lane .. lane, 'not_before', int(t.ms + wait), 'why', a[8]) end
  return 1
end

-- [run, p, first, attempt, permit, lane, members, attempts, parts, hash, asked ms,
--  till ms, provider] → 1
-- Replay of an acknowledged permit after Redis came back: what it lost is marked
-- again, with its original time. A request of other members or other words
-- under this name means that both are in doubt for a person.
local function remark(_, a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  if not r.launched_s then return 0 end
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  if q and has_copy(q, id) then return 1 end
  local is_other = q and (q.members ~= a[7] or q.hash ~= a[10])
  q = q or { lane = lane, first = first, members = a[7], attempts = a[8], hash = a[10],
    copies = {}, asked = tonumber(a[11]), till = tonumber(a[12]) }
  local ranks = request_ranks({ first = first, members = a[7] })
  local w = window_open(run, p, first, ranks[#ranks] + 1)
  if not w then return 0 end
  local now_s = floor(t.ms / 1000) - r.launched_s
  local is_needed = is_other
  for i, rank in ipairs(ranks) do
    local rec, at = window_get(w, rank), byte(a[8], i)
    if rec.attempt < at or (rec.attempt == at and rec.state == S.WAITING) then
      window_set(w, rank, { state = S.SENDING, flags = rec.flags, reason = 0, attempt = at,
        provider = tonumber(a[13]), parts = byte(a[9], i), changed = rec.changed }, now_s)
      is_needed = true
    elseif rec.attempt == at and (rec.state == S.SENDING or rec.state == S.UNKNOWN) then
      is_needed = true
    end
  end
  if is_needed then
    q.copies[#q.copies + 1] = id
    q.till = math.min(q.till, tonumber(a[12]))
    if is_other then q.till = 0 end
    call('HSET', key, field, cmsgpack.pack(q))
    call('HSET', K.lane .. lane .. K.busy, id, '')
  end
  window_write(w)
  return 1
end

-- [lane, us] → 1. Bytes left this much after their slot: the next slots are moved.
local function late(_, a)
  local key = K.lane .. a[1]
  local t = clock()
  local tat = math.max(tonumber(call('HGET', key, 'tat')) or 0, t.us)
  call('HSET', key, 'tat', int(tat + math.min(tonumber(a[2]), 200000)))
  return 1
end
