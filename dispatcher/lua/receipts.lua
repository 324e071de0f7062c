-- SPDX-License-Identifier: MIT
-- receipts: what gateways say afterwards, pushed or asked for.

local function names_lost_run(a)
  for i = 4, #a, 9 do
    if a[i] ~= '' and call('EXISTS', K.run .. a[i]) == 0 then return true end
  end
end

-- [lane, seconds that ids are kept, is the reference that of a request (0|1), then in
--  nines: run ('' = no reference), p, rank, attempt, id, phone, state, reason, words]
--   → [messages merged, parked, unknown, of no known code], and where there are any: of runs that
--   are not known, who are among the unknown. While Redis is still being told what it has lost: an error, nothing done.
-- id: eleven bytes of its hash or ''; phone: a hash or ''; state: S.ACCEPTED,
-- S.DELIVERED, S.UNDELIVERABLE, or 0 for a code that is not known; words: '"id","code"'.
local function receipts(_, a)
  local lane, keep_s, is_by_request = a[1], tonumber(a[2]), a[3] == '1'
  local t = clock()
  if t.ms < t.open_at and names_lost_run(a) then
    return redis.error_reply('LOST that run may be told again in a moment')
  end
  local merged, parked, nothing, lost = 0, 0, 0, 0
  local unknown = ids.sweep(lane, t)
  for i = 4, #a, 9 do
    local r = { run = a[i], p = tonumber(a[i + 1]), rank = tonumber(a[i + 2]),
      attempt = tonumber(a[i + 3]), id = a[i + 4], phone = a[i + 5], state = tonumber(a[i + 6]),
      reason = tonumber(a[i + 7]), words = a[i + 8] }
    local run, p, members = ids.whose(lane, is_by_request, keep_s, r)
    local launched_s = run and run_get(run).launched_s
    local w = launched_s and window_open(run, p, members[1][1], members[#members][1] + 1)
    if w then
      local now_s = seconds_of(t, launched_s)
      local news = ids.merge(w, members, r, now_s)
      window_write(w)
      if #news > 0 then ids.log(run, p, news, r.words, now_s) end
      merged = merged + (r.state > 0 and #members or 0)
      nothing = nothing + (r.state > 0 and 0 or 1)
    elseif not run and r.id ~= '' and not p and ids.park(lane, t, r) then
      parked = parked + 1
    else
      ids.unknown(lane, floor(t.ms / 1000), r.words)
      unknown = unknown + 1
      lost = lost + (run and not launched_s and 1 or 0)
    end
  end
  return { merged, parked, unknown, nothing, lost > 0 and lost or nil }
end

-- ---- asking: what was accepted and has no receipt ----

local POLL_LOOKS = 64

-- Need it not be asked any more? Every member has its end, or the deadline has passed
-- since its acceptance.
function ids.is_settled(m, deadline_s, t)
  local members = m.count == 1 and { { m.first, m.attempt } } or
    ids.sent_read(m.run, m.p, m.first, m.attempt)
  local launched_s = run_get(m.run).launched_s
  local w = members and launched_s and
    window_open(m.run, m.p, members[1][1], members[#members][1] + 1)
  if not w then return true end
  local now_s = seconds_of(t, launched_s)
  for _, one in ipairs(members) do
    local ph = phase_of(w, one[1], one[2])
    if (ph == S.ACCEPTED or ph == S.UNKNOWN or ph == S.SENDING) and
      now_s - window_get(w, one[1]).changed < deadline_s then return false end
  end
  return true
end

function ids.polled(member)
  local run, p, first, attempt, count, id =
    string.match(member, '^(%d+):(%d+):(%d+):(%d+):(%d+):(.*)$')
  return { run = run, p = tonumber(p), first = tonumber(first), attempt = tonumber(attempt),
    count = tonumber(count), id = id }
end

-- [lane, lease_ms, questions a second, deadline_s] →
--   ['ask', member, run, p, first, attempt, count, id] ['sleep', ms]
-- One question, at the lane's pace. Until its answer is told it is this process's for
-- lease_ms; then it is due again.
local function poll_take(_, a)
  local lane, t = a[1], clock()
  local key = K.poll .. lane
  local next_us = tonumber(call('HGET', K.lane .. lane, 'poll_at')) or 0
  -- Far ahead: the clock has stepped back since.
  if next_us > t.us and next_us < t.us + 120000000 then
    return { 'sleep', math.ceil((next_us - t.us) / 1000) }
  end
  for _ = 1, POLL_LOOKS do
    local head = call('ZRANGE', key, 0, 0, 'WITHSCORES')
    if not head[1] then return { 'sleep', 60000 } end
    local due = tonumber(head[2])
    if due > t.ms then return { 'sleep', math.min(60000, math.ceil(due - t.ms)) } end
    local m = ids.polled(head[1])
    if not ids.is_settled(m, tonumber(a[4]), t) then
      call('ZADD', key, 'XX', int(t.ms + tonumber(a[2])), head[1])
      call('HSET', K.lane .. lane, 'poll_at', int(t.us + 1000000 / tonumber(a[3])))
      return { 'ask', head[1], m.run, m.p, m.first, m.attempt, m.count, m.id }
    end
    call('ZREM', key, head[1])
  end
  return { 'sleep', 1 }
end

-- [lane, member, ms until it is asked about again (-1 = never), ms that the lane rests] → 1
local function poll_done(_, a)
  local key, again, rest = K.poll .. a[1], tonumber(a[3]), tonumber(a[4])
  local t = clock()
  if again < 0 then call('ZREM', key, a[2])
  else call('ZADD', key, 'XX', int(t.ms + again), a[2]) end
  if rest > 0 then call('HSET', K.lane .. a[1], 'poll_at', int(t.us + rest * 1000)) end
  return 1
end
