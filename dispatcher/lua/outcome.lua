-- SPDX-License-Identifier: MIT
-- outcome: evidence is merged, never overwritten, never fenced out. The
-- sender's answer, pushed receipts and local ends all come through merge().

-- Evidence classes of the sender, one byte a member.
local CLASS = { A = S.ACCEPTED, U = S.UNKNOWN, N = S.REFUSED, T = S.RETRY }
local LANE_ATTEMPTS = 15

-- [run, p, first, attempt, permit, lane, members, attempts, classes, reasons,
--  most attempts, lane_wait_ms, why, log line] → 1 merged, 0 run unknown
-- classes: A accepted, U in doubt, N refused for good, T explicitly not now.
local function outcome(_, a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  if not r.launched_s then return 0 end
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  local is_single = q and has_copy(q, id) and #q.copies == 1
  local ranks = request_ranks({ first = first, members = a[7] })
  local w = window_open(run, p, first, ranks[#ranks] + 1)
  if not w then return 0 end
  local now_s = floor(t.ms / 1000) - r.launched_s
  local is_open = false
  for i, rank in ipairs(ranks) do
    local class, reason, at = sub(a[9], i, i), byte(a[10], i), byte(a[8], i)
    local phase = CLASS[class]
    if phase == S.RETRY and at >= tonumber(a[11]) then phase, reason = S.REFUSED, R.ATTEMPTS_USED end
    if (class == 'N' or class == 'T') and not is_single then
      -- About one of several copies, or about a request whose books are closed:
      -- it closes nothing. If it was the last word awaited, the attempt is in doubt.
      phase, reason = S.UNKNOWN, R.REPEAT_FAILED
    end
    local rec = window_get(w, rank)
    if POSITIVE[phase] or (q and has_copy(q, id)) then
      if POSITIVE[phase] or rec.attempt == at then merge(w, rank, at, phase, reason, now_s) end
    end
    rec = window_get(w, rank)
    if rec.attempt == at and (rec.state == S.UNKNOWN or rec.state == S.SENDING) then is_open = true end
  end
  if q and is_open and q.till == 0 then
    -- Nobody will repeat it: what is in doubt is for a receipt or a person.
    hold(w, q, now_s)
  end
  window_write(w)
  if q and (not is_open or q.till == 0) then call('HDEL', key, field) end
  call('HDEL', K.lane .. lane .. K.busy, id)
  local wait = tonumber(a[12])
  if wait > 0 then call('HSET', K.lane .. lane, 'not_before', int(t.ms + wait), 'why', a[13]) end
  if a[14] ~= '' then call('RPUSH', K.run .. run .. K.log, a[14]) end
  return 1
end

-- [run, p, rank, attempt, state, reason, log line, …] in sevens → number merged.
-- Receipts, each for one message; state is S.ACCEPTED, S.DELIVERED or
-- S.UNDELIVERABLE. A receipt for a run or rank that is not there is not merged.
local function receipts(_, a)
  local t = clock()
  local merged = 0
  for i = 1, #a, 7 do
    local run, p, rank = a[i], tonumber(a[i + 1]), tonumber(a[i + 2])
    local r = run_get(run)
    local w = r.launched_s and window_open(run, p, rank, rank + 1)
    if w then
      local is_news = merge(w, rank, tonumber(a[i + 3]), tonumber(a[i + 4]),
        tonumber(a[i + 5]), floor(t.ms / 1000) - r.launched_s)
      window_write(w)
      if is_news and a[i + 6] ~= '' then call('RPUSH', K.run .. run .. K.log, a[i + 6]) end
      merged = merged + 1
    end
  end
  return merged
end

-- [run, p, from, inc, fence, offsets, states, reasons] → 1, 0 not ours.
-- Local ends found while rendering: only what waits can end this way.
local function skip(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  local r = run_get(run)
  if not l or not r.launched_s then return 0 end
  local w = window_open(run, p, from, l.to)
  local t = clock()
  for i, rank in ipairs(request_ranks({ first = from, members = a[6] })) do
    local rec = window_get(w, rank)
    if rec.state == S.WAITING or rec.state == S.RETRY then
      window_set(w, rank, { state = byte(a[7], i), flags = rec.flags, reason = byte(a[8], i),
        attempt = rec.attempt, provider = rec.provider, parts = 0, changed = rec.changed },
        floor(t.ms / 1000) - r.launched_s)
    end
  end
  window_write(w)
  return 1
end
