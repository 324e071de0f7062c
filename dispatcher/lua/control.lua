-- SPDX-License-Identifier: MIT
-- What people do to a run that was launched, and when a campaign is. What takes long is
-- done piece by piece, so that nobody waits for it: the run's `pieces` (sorted set, by
-- when) name the pieces of its records that have a step to be done; whoever keeps runs
-- takes the next one. The entry goes in the same step.

do -- its names end with it: a function of Lua has room for 200

local function pieces_fill(r)
  local key = K.run .. r.id .. K.pieces
  call('DEL', key)
  for p = 0, r.partitions - 1 do
    local front = tonumber(call('HGET', K.run .. r.id, 'front' .. p)) or 0
    for from = 0, front - 1, PIECE do call('ZADD', key, 0, p .. ':' .. from) end
  end
end

window.fill_pieces = pieces_fill

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
  local is_new = approval.may('cancel', r.state)
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
    pieces_fill(r)
    call('PUBLISH', K.tick, 'run')
  end
  return out
end

-- ---- retry: a new attempt for what failed ----

-- [run, id, reasons (one byte each), by] → ['retrying', state], ['known', state] the same
-- id again, ['busy'] pieces have a step to be done, or [the state that forbids it].
-- Who had failed by now gets a new attempt, piece by piece (step).
local function retry(_, a)
  local run, key = a[1], K.run .. a[1]
  local r = run_get(run)
  if not r.launched_s then return { 'gone' } end
  if call('HEXISTS', key, 'list_gone_s') == 1 then return { 'finished, and its list was deleted' } end
  if call('HGET', key, 'retry_id') == a[2] then return { 'known', r.state } end
  if not approval.may('retry', r.state) then return { r.state } end
  if call('EXISTS', key .. K.pieces) == 1 then return { 'busy' } end
  call('HSET', key, 'retry_id', a[2], 'retry_reasons', a[3], 'retry_by', a[4],
    'retry_s', int(seconds_of(clock(), r.launched_s)))
  call('HINCRBY', key, 'retries', 1)
  window.open_again(run)
  pieces_fill(r)
  if r.state == 'finished' then
    call('HDEL', key, 'over_s')
    set_state(run, 'running')
    call('ZADD', K.runs, int(r.prio or 9), run)
    r.state = 'running'
  end
  call('PUBLISH', K.tick, 'run')
  return { 'retrying', r.state }
end

-- One piece: its failed members wait for their next attempt. → how many.
local function retry_piece(r, p, from, t)
  local v = call('HMGET', K.run .. r.id, 'front' .. p, 'retry_reasons', 'retry_s')
  local to = math.min(tonumber(v[1]) or 0, from + PIECE)
  local w = from < to and v[2] and window_open(r.id, p, from, to)
  if not w then return 0 end
  local wanted, before_s, now_s = {}, tonumber(v[3]) or 0, seconds_of(t, r.launched_s)
  for i = 1, #v[2] do wanted[byte(v[2], i)] = true end
  local leased, due_now = leased_ranks(r.id, p, from, to), due_ranks(r, p, from, to)
  local n, puts, range = 0, {}, nil
  for rank = from, to - 1 do
    local at = (rank - from) * 8
    local state = byte(w.bytes, at + 1) % 16
    -- Its owner, or whoever claims the due range, finds it waiting.
    local is_covered = leased[rank] or due_now[rank]
    if is_covered then range = nil end
    if (state == S.UNDELIVERABLE or state == S.REFUSED) and wanted[byte(w.bytes, at + 2)] then
      local rec = window_get(w, rank)
      if rec.attempt > 0 and rec.attempt < 15 and rec.changed <= before_s then
        -- The reason stays: it is shown again if the new attempt ends before it begins.
        set_phase(w, rank, rec.attempt + 1, S.WAITING, rec.reason, now_s)
        n = n + 1
        if not is_covered then
          if not range or rank - range[1] >= RANGE_MAX then
            range = { rank, rank + 1 }
            puts[#puts + 1] = range
          end
          range[2] = rank + 1
        end
      end
    end
  end
  window_write(w)
  for _, one in ipairs(puts) do todo_add(r.id, p, one[1], one[2], t.ms) end
  if #puts > 0 then call('PUBLISH', K.tick, 'run') end
  return n
end

-- ---- resume ----

-- [run, 'after-restore' or '', more parts, more VND (nothing = none)] → 'running', 'restored' (a person must
-- agree first), 'ceiling: …' (what was approved is spent), 'no ceiling' (that could be raised), or
-- the state that forbids it. Lets go on what a brake has stopped, too. Of one that runs nothing is raised.
local function resume(_, a)
  local state = call('HGET', K.run .. a[1], 'state')
  if state ~= 'running' and not approval.may('resume', state) then return state or 'gone' end
  local is_restored = call('HGET', K.run .. a[1], 'why') == 'restored'
  if is_restored and a[2] ~= 'after-restore' then return 'restored' end
  if state == 'paused' then
    local ceiling, prices = approval.raised(a[1], a[3], a[4])
    if a[3] and not ceiling then return 'no ceiling' end
    local why = approval.reached(a[1], ceiling, prices)
    if why then return 'ceiling: ' .. why end
    if a[3] then approval.raise(a[1], ceiling, a[3], a[4]) end
  end
  if is_restored then call('HDEL', K.run .. a[1], 'why') end
  brake_release(nil, a)
  return control(nil, { a[1], 'paused', 'running' })
end

local LEASED_AGAIN_MS = 500 -- until a piece that was partly leased is looked at again

-- [run] → [1 = there may be more to do at once | 0, members that changed]
local function step(_, a)
  local t = clock()
  local r = run_get(a[1])
  local key = K.run .. a[1] .. K.pieces
  local head = call('ZRANGEBYSCORE', key, '-inf', int(t.ms), 'LIMIT', 0, 1)[1]
  if not head or not r.launched_s then return { 0, 0 } end
  local p, from = string.match(head, '^(%d+):(%d+)$')
  p, from = tonumber(p), tonumber(from)
  if r.state ~= 'cancelled' and not window.has_expired(r) then
    local n = retry_piece(r, p, from, t)
    call('ZREM', key, head)
    return { 1, n }
  end
  if t.ms < t.takeover_at then return { 0, 0 } end
  reap(r, t)
  if sweep(r, p, from, from + PIECE, t) == -1 then call('ZREM', key, head)
  else call('ZADD', key, int(t.ms + LEASED_AGAIN_MS), head) end
  return { 1, 0 }
end

-- ---- schedule: when a campaign is launched by itself ----

local schedules = {}

-- [id, due s] → ['scheduled', due s], ['past', now s], ['far', now s], ['known', 0]: this occurrence of a series
-- is over, or [its state]
function schedules.schedule(_, a)
  local key, due = K.campaign .. a[1], tonumber(a[2])
  local state = call('HGET', key, 'state') or 'gone'
  local now_s = floor(clock().ms / 1000)
  if not approval.may('schedule', state) then return { state } end
  if due <= now_s then return { 'past', now_s } end
  local is_series = call('HEXISTS', key, 'schedule') == 1
  if due > now_s + series.AHEAD_MAX_S and not is_series then return { 'far', now_s } end
  if is_series and series.fired(a[1], int(due)) then return { 'known', 0 } end
  call('HSET', key, 'state', 'scheduled', 'due_s', int(due))
  call('HDEL', key, 'problem', 'first_s', 'waited_s', 'tried_s')
  call('ZADD', K.schedule, int(due), a[1])
  call('PUBLISH', K.tick, 'schedule')
  return { 'scheduled', due }
end

-- [id, the due s that is meant, act or nothing] → 'draft', or 'approved' where it was, or the state it has. Told again late
-- it does not touch another date, nor the same one that was given again.
function schedules.unschedule(_, a)
  local key = K.campaign .. a[1]
  local v = call('HMGET', key, 'state', 'due_s')
  if v[1] and a[3] and is_act_known(key, a[3]) then
    return v[1] == 'scheduled' and approval.unscheduled(key) or v[1]
  end
  if not approval.may('unschedule', v[1]) or v[2] ~= a[2] then return v[1] or 'gone' end
  local to = approval.unscheduled(key)
  call('HSET', key, 'state', to)
  call('HDEL', key, 'due_s', 'problem', 'first_s', 'waited_s', 'tried_s')
  call('ZREM', K.schedule, a[1])
  return to
end

-- [id, due s, problem, of a series: the next s, '' = none] → 1, or 0: it is not scheduled for then (any more).
function schedules.missed(_, a)
  local key = K.campaign .. a[1]
  local v = call('HMGET', key, 'state', 'due_s')
  if not approval.may('miss', v[1]) or v[2] ~= a[2] then return 0 end
  call('HSET', key, 'problem', a[3])
  if a[4] then
    series.given_up(a[1], a[2], a[3], a[4])
    return 1
  end
  call('HSET', key, 'state', 'missed')
  call('ZREM', K.schedule, a[1])
  return 1
end

-- [id, due s, problem, s until it is tried again] → 1, or 0: it is not scheduled for then (any more). Its time
-- stays, by which it is late; only its turn among the others comes later.
function schedules.try_again(_, a)
  local key = K.campaign .. a[1]
  local v = call('HMGET', key, 'state', 'due_s')
  if not approval.may('fire', v[1]) or v[2] ~= a[2] then return 0 end
  call('HSET', key, 'problem', a[3], 'tried_s', a[2])
  call('ZADD', K.schedule, int(floor(clock().ms / 1000) + tonumber(a[4])), a[1])
  return 1
end

-- Has its run nothing left to send? Paused, it waits for a person's word.
function schedules.is_sent(state, run)
  return state == 'running' and run and is_over(K.run .. run, run_get(run))
end

-- What Redis may have lost is told first: a campaign that was launched is scheduled there still.
-- [] → ['none'], ['sleep', ms], ['fire', id, due s], or its time passed more than an hour ago, or what its policy
-- says: ['missed', id, due s], a person must decide, or ['late', id, due s, ms, 1 = for the run before it, why it
-- could not be launched when it was tried, or ''], the caller says what becomes of it.
function schedules.due(_, _)
  local t = clock()
  local head = call('ZRANGE', K.schedule, 0, 0, 'WITHSCORES')
  if not head[1] then return { 'none' } end
  local id, turn_s = head[1], tonumber(head[2])
  local v = call('HMGET', K.campaign .. id, 'state', 'late_s', 'waited_s', 'schedule', 'late_then', 'run',
    'due_s', 'tried_s', 'problem')
  local is_tried = v[7] and v[7] == v[8]
  local due_s, problem = is_tried and tonumber(v[7]) or turn_s, is_tried and v[9]
  local is_under_way = v[4] and (v[1] == 'running' or v[1] == 'paused')
  if v[1] ~= 'scheduled' and not is_under_way then -- it would stand before all others
    call('ZREM', K.schedule, id)
    return { 'sleep', 1 }
  end
  if t.ms < t.open_at then return { 'sleep', opens_ms(t) } end
  if turn_s * 1000 > t.ms then return { 'sleep', math.ceil(turn_s * 1000 - t.ms) } end
  if is_under_way and not schedules.is_sent(v[1], v[6]) then
    series.wait(id, due_s)
    return { 'sleep', 1 }
  end
  -- From now on its run goes on by itself.
  if is_under_way then call('HSET', K.campaign .. id, 'state', 'scheduled') end
  local late_ms = t.ms - due_s * 1000
  local most_s = tonumber(v[2]) or series.LATE_MAX_S
  if late_ms <= most_s * 1000 then return { 'fire', id, due_s } end
  if v[4] or v[5] == 'next-window' then
    return { 'late', id, due_s, int(late_ms), v[3] == int(due_s) and 1 or 0, problem or '' }
  end
  schedules.missed(nil, { id, int(due_s), problem or 'no server was running at its time, nor in the ' ..
    (most_s == series.LATE_MAX_S and 'hour' or int(most_s / 60) .. ' minutes') .. ' after it' })
  call('ZREM', K.schedule, id)
  return { 'missed', id, due_s }
end

-- ---- speed, weight ----

-- [campaign, 'speed' (messages a second at most) or 'weight' (of its share), number or '' = none
-- of its own, act] → its run, 0 = none yet; nil: no such campaign. Of a run under way the speed
-- counts from the next permit on, the weight from the next claim. Told again by a journal it changes
-- nothing.
local function campaign_set(_, a)
  local key = K.campaign .. a[1]
  local state = call('HMGET', key, 'state', 'run')
  if not state[1] then return nil end
  if is_act_known(key, a[4]) then return tonumber(state[2]) or 0 end
  for _, of in ipairs({ key, state[2] and K.run .. state[2] }) do
    if a[3] == '' then call('HDEL', of, a[2]) else call('HSET', of, a[2], a[3]) end
    if a[2] == 'speed' then call('HDEL', of, 'slow_till', 'slow_why') end
  end
  if state[2] then fair.wake(state[2]) end
  call('PUBLISH', K.tick, 'run')
  return tonumber(state[2]) or 0
end

-- ---- clone ----

-- [idempotency key or '', id, new name, its author] → as campaign_create
local function clone(_, a)
  local v = call('HMGET', K.campaign .. a[2], 'template', 'segments', 'class', 'goal', 'event',
    'per', 'unit')
  if not v[1] then return { 'gone', a[2] } end
  local args = { a[1], a[3], v[1], v[2], 'class', v[3] or '', 'goal', v[4] or '',
    'event', v[5] or '', 'per', v[6] or 'phone', 'unit', v[7] or '1', 'authors', a[4] or '' }
  for _, name in ipairs({ 'canary_messages', 'canary_then', 'canary_after_s', 'accents',
    'sensitive', 'speed', 'weight', 'schedule', 'late_s', 'late_then', 'smooth_until', 'finish_by',
    'approval', 'newest' }) do
    local value = call('HGET', K.campaign .. a[2], name)
    if value then args[#args + 1], args[#args + 2] = name, value end
  end
  return campaign_create(nil, args, 'clone ' .. a[2] .. ' ' .. a[3])
end

-- [id, name] → 'removed', or the state that it is in: only a draft goes, or one that was returned.
export('campaign_rm', function(_, a)
  local key = K.campaign .. a[1]
  local state = call('HGET', key, 'state')
  if not approval.may('rm', state) then return state or 'gone' end
  if call('HEXISTS', key, 'run') == 1 then return 'a draft again, but has runs' end
  call('DEL', key, K.occurrences .. a[1])
  call('HDEL', K.names .. 'campaign', a[2])
  return 'removed'
end, ANYWAY)
export('cancel', cancel, ANYWAY)
export('resume', resume, ANYWAY)
export('step', step, ANYWAY)
export('retry', retry)
export('schedule', schedules.schedule)
export('unschedule', schedules.unschedule, ANYWAY)
export('missed', schedules.missed, ANYWAY)
export('due', schedules.due, ANYWAY)
export('try_again', schedules.try_again, ANYWAY)
export('put_off', series.put_off, ANYWAY)
export('occurrences', series.list, { 'no-writes' })
export('campaign_run', series.run, { 'no-writes' })
-- [id or name] → its runs, the newest first, or nil
export('campaign_runs', function(_, a)
  local id = campaign_id(nil, a)
  return id and series.runs(id) or nil
end, { 'no-writes' })
export('clone', clone)
export('campaign_set', campaign_set)

end
