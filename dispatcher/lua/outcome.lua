-- SPDX-License-Identifier: MIT
-- outcome: evidence is merged, never overwritten, never fenced out. The
-- sender's answer, pushed receipts and local ends all end in set_phase.

-- [run, p, first, attempt, permit, lane, members, attempts, classes, reasons,
--  most attempts, ms that the lane must rest, why, log line; and where receipts need them: ids,
--  phones, keep_s, is_by_request, poll_ms, texts (see ids.groups); verdict, permitted us]
--   → [1 merged | 0 run unknown, ms that the lane rests, why]; for the last see health.told
-- classes, one byte a member: A accepted, U in doubt, N refused for good, T
-- explicitly not now (the next attempt), W explicitly not taken (this attempt).
local function outcome(_, a)
  local run, p, first, id, lane = a[1], tonumber(a[2]), tonumber(a[3]), a[5], a[6]
  local t = clock()
  local r = run_get(run)
  local key, field = request_key(run, p, first), first .. ':' .. a[4]
  local ranks = request_ranks({ first = first, members = a[7] })
  local w = r.launched_s and window_open(run, p, ranks[1], ranks[#ranks] + 1)
  local is_new = call('HDEL', K.lane .. lane .. K.busy, id) == 1
  local rest, why = 0, ''
  -- Told again, by a journal say, it says nothing new of the lane.
  if is_new then
    rest, why = health.told(lane, id, a[21] or '', tonumber(a[12]), a[13], tonumber(a[22]) or 0, t)
  end
  if not w then return { 0, int(rest), why } end
  local stored = call('HGET', key, field)
  local q = stored and cmsgpack.unpack(stored)
  local is_ours = q and has_copy(q, id)
  local now_s = seconds_of(t, r.launched_s)
  local classes, reasons, says_no = {}, {}, false
  for i, rank in ipairs(ranks) do
    local class, reason, at = sub(a[9], i, i), byte(a[10], i), byte(a[8], i)
    if class == 'T' and at >= tonumber(a[11]) then class, reason = 'N', R.ATTEMPTS_USED end
    classes[i], reasons[i] = '-', char(reason)
    if class == 'A' then
      merge(w, rank, at, S.ACCEPTED, reason, now_s)
    elseif is_ours then
      if class ~= 'U' then classes[i], says_no = class, true end
      -- In doubt until request_judge finds that this was the only copy.
      merge(w, rank, at, S.UNKNOWN, class == 'U' and reason or R.REPEAT_FAILED, now_s)
    end
  end
  local o = { lane = lane, run = run, p = p, ranks = ranks, attempts = a[8], classes = a[9],
    ids = a[15] or '', phones = a[16] or '', keep_s = tonumber(a[17]) or 0,
    is_by_request = a[18] == '1', poll_ms = tonumber(a[19]) or 0, texts = a[20] or '' }
  local groups, all = ids.groups(o)
  local parked = ids.merge_parked(w, o, groups, now_s)
  if q then
    if says_no then
      q.no = q.no or {}
      q.no[id] = { classes = table.concat(classes), reasons = table.concat(reasons) }
    end
    limits.give_back(q, id, limits.parts_of(w, ranks), function(i)
      local class = sub(a[9], i, i)
      return (class == 'A' or class == 'U') and class
    end)
    if is_new and is_ours and q.caps and #q.copies == 1 then
      for i = 1, #ranks do
        local class = sub(a[9], i, i)
        if class ~= 'A' and class ~= 'U' then caps.give_back(r, q, i) end
      end
    end
    request_judge(w, q, ranks, now_s)
    if not is_repeatable(w, q, ranks, t) and not is_sending(w, q, ranks) then
      request_hold(w, q, ranks)
    end
    request_write(key, field, w, q, ranks)
  end
  if is_ours and string.find(a[9], '[^A]') then flight.land(lane, id, t) end
  if r.state == 'cancelled' then
    for _, rank in ipairs(ranks) do cancel_one(w, rank, now_s) end
  end
  window_write(w)
  if o.keep_s > 0 then ids.keep(o, groups, all, t) end
  -- Told again, by a journal say, it is no further answer.
  if is_new then brake_look(run, p, a[9], a[10]) end
  if a[14] ~= '' then call('RPUSH', K.run .. run .. K.log, a[14]) end
  for _, one in ipairs(parked) do ids.log(run, p, one[1], one[2]) end
  return { 1, int(rest), why }
end

-- [run, p, from, inc, fence, offsets, states, reasons] → 1, 0 not ours.
-- Local ends found while rendering: only what waits can end this way.
local function skip(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  local r = run_get(run)
  local w = l and r.launched_s and window_open(run, p, from, l.to)
  if not w then return 0 end
  local t = clock()
  for i, rank in ipairs(request_ranks({ first = from, members = a[6] })) do
    local rec = window_get(w, rank)
    local ph = rec.attempt > 0 and phase_of(w, rank, rec.attempt) or rec.state
    if ph == S.WAITING or ph == S.RETRY then
      set_phase(w, rank, rec.attempt, byte(a[7], i), byte(a[8], i),
        seconds_of(t, r.launched_s))
    end
  end
  window_write(w)
  return 1
end
