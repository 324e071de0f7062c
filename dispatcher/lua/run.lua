-- SPDX-License-Identifier: MIT
-- Runs: launch, the frontier, control, and whether anything is left to do.

-- [install key, hash of an administrator's token] → [install key, hash, is it new (0|1)]
-- Both are made at the first start and kept.
local function install(_, a)
  call('HSETNX', K.meta, 'install_key', a[1])
  local is_new = call('HSETNX', K.meta, 'token_hash', a[2])
  local v = call('HMGET', K.meta, 'install_key', 'token_hash')
  return { v[1], v[2], is_new }
end

-- Keys of the sets of phones that its queries ask for; pieces: "3,0,1", how many each has.
local function set_keys(run, pieces)
  local keys, n = {}, 0
  for count in string.gmatch(pieces or '', '%d+') do
    for k = 0, tonumber(count) - 1 do keys[#keys + 1] = K.run .. run .. K.set .. n .. ':' .. k end
    n = n + 1
  end
  return keys
end

-- What the fields of `launch` say: when it is due (nil = now), the keys of its sets, and all of them.
local function launch_fields(a)
  local f = {}
  for i = 6, #a, 2 do f[a[i]] = a[i + 1] end
  return f.due_s, set_keys(a[2], f.set_pieces), f
end

local function are_there(keys)
  for _, key in ipairs(keys) do
    if call('EXISTS', key) == 0 then return false end
  end
  return true
end

local function launch_write(a, launched_s, sets, fields)
  local campaign, run = a[1], a[2]
  local own, own_window = call('HMGET', campaign, 'speed', 'weight'), window.fields(campaign, fields, launched_s)
  local args = { 'state', 'running', 'launched_s', int(launched_s), 'prio', a[3],
    'lanes', a[4], 'partitions', a[5], 'slice', 0, 'audience', 0 }
  for i = 6, #a do args[#args + 1] = a[i] end
  local ceiling, spent = approval.ceiling(campaign) -- spent: only a replay comes so far
  own[3] = spent and '0 0' or ceiling
  for i, name in ipairs({ 'speed', 'weight', 'ceiling' }) do
    if own[i] then args[#args + 1], args[#args + 2] = name, own[i] end
  end
  for _, one in ipairs(own_window) do args[#args + 1] = one end
  for _, key in ipairs(sets) do call('PERSIST', key) end
  call('HSET', K.run .. run, unpack(args))
  call('ZADD', K.runs, a[3], run)
  approval.launched(campaign, run)
  series.launched(campaign, run, fields)
  call('PUBLISH', K.tick, 'run')
end

-- [campaign key, run, prio, lanes, partitions, field, value, …] → ['launched', run, launched_s],
-- or [state of the campaign, its run], or ['over', 0] ['closed', 0]: the time is over by which it must be sent,
-- or comes before its hours open, or ['frozen', 0, by which freeze] before that ends;
-- or ['changed', 0] ['not approved', 0], see approval.launch_refused
-- Idempotent: a campaign that was launched answers with the run it has.
-- A field due_s among them: its time has come; the campaign must be scheduled for it.
-- A field set_pieces: its sets were written before, and expire unless it takes them over.
local function launch(_, a)
  local v = call('HMGET', a[1], 'state', 'run', 'due_s')
  local due_s, sets, fields = launch_fields(a)
  local is_wanted = approval.may(due_s and 'fire' or 'launch', v[1]) and (not due_s or v[3] == due_s)
  if not is_wanted then
    local fired = due_s and series.fired(sub(a[1], #K.campaign + 1), due_s)
    return { v[1] or 'gone', fired or not fields.next_s and tonumber(v[2]) or 0 }
  end
  if not are_there(sets) then return { 'sets gone', 0 } end
  local now_s = floor(clock().ms / 1000)
  local refused = approval.launch_refused(a[1], fields) or window.refused(a[1], fields, now_s)
  if refused then return refused end
  launch_write(a, now_s, sets, fields)
  return { 'launched', tonumber(a[2]), now_s }
end

-- [launched_s, then as `launch`] → 1, 0 known already, -1 the campaign is gone or another run's, or
-- the number is.
-- Replay of a launch that Redis has lost: the same number, the same beginning, so that what is said
-- of it later is said of it. Nothing of it is claimed for some seconds: others tell what left of it.
local function launch_again(_, words)
  local a, launched_s = { unpack(words, 2) }, words[1]
  local run = a[2]
  local known = call('HGET', K.run .. run, 'launched_s')
  if known then return known == launched_s and 0 or -1 end
  local v = call('HMGET', a[1], 'state', 'run', 'due_s')
  local due_s, sets, fields = launch_fields(a)
  local is_wanted = (approval.may('launch', v[1]) or approval.may('fire', v[1])) and
    (tonumber(v[2]) or 0) == 0
  -- Of a series Redis may have lost the end of the run before it, too.
  if fields.next_s then is_wanted = v[3] == due_s end
  if not is_wanted or not are_there(sets) then return -1 end
  launch_write(a, tonumber(launched_s), sets, fields)
  call('HSET', K.run .. run, 'slow_till', int(clock().ms + limits.SLOW_MS), 'slow_why',
    'Redis had lost its launch')
  number_used(run)
  return 1
end

-- [run, slice, is_last, then per partition: p, bitmap, records] → next slice.
-- One slice of the audience: a bitmap of rows per partition, and the first
-- records of its members. Slices come in order; a repeated one changes nothing.
-- In a cancelled run they begin at their end, and in one whose time is over.
local function as_ended(records, ends, reason)
  local out = {}
  for i = 1, #records, 8 do
    local state = byte(records, i)
    if state % 16 == S.WAITING then
      out[#out + 1] = char(state + ends, reason) .. sub(records, i + 2, i + 7)
    else
      out[#out + 1] = sub(records, i, i + 7)
    end
  end
  return table.concat(out)
end

local function freeze(_, a)
  local run, slice = a[1], tonumber(a[2])
  local v = call('HMGET', K.run .. run, 'slice', 'state', 'launched_s', 'set_pieces', 'finish_s')
  local at = tonumber(v[1])
  if not at then return -1 end
  if at ~= slice then return at end
  local audience, delta = 0, {}
  for i = 4, #a, 3 do
    local p, bitmap, records = a[i], a[i + 1], a[i + 2]
    if v[2] == 'cancelled' then records = as_ended(records, S.CANCELLED, 0)
    elseif v[5] == '0' then records = as_ended(records, S.EXPIRED, R.FINISH_BY) end
    local n = #records / 8
    local front = tonumber(call('HGET', K.run .. run, 'front' .. p)) or 0
    call('SET', K.run .. run .. K.audience .. p .. ':' .. slice, bitmap)
    local done = 0
    while done < n do
      local rank = front + done
      local k = math.min(n - done, STRING - rank % STRING)
      call('SETRANGE', records_key(run, p, rank), (rank % STRING) * 8,
        sub(records, done * 8 + 1, (done + k) * 8))
      done = done + k
    end
    for j = 0, n - 1 do add(delta, COUNTED[byte(records, j * 8 + 1) % 16], 1) end
    call('HSET', K.run .. run, 'front' .. p, front + n)
    call('RPUSH', K.run .. run .. K.audience .. p, front)
    audience = audience + n
  end
  for k, n in pairs(delta) do call('HINCRBY', K.run .. run .. K.count, k, n) end
  call('HINCRBY', K.run .. run, 'audience', audience)
  call('HSET', K.run .. run, 'slice', slice + 1)
  if a[3] == '1' then
    call('HSET', K.run .. run, 'frozen', 1)
    -- Who is still freezing with them sees soon that it is done.
    for _, key in ipairs(set_keys(run, v[4])) do call('EXPIRE', key, 86400) end
  end
  fair.wake(run)
  call('PUBLISH', K.tick, 'run')
  return slice + 1
end

-- Bits of a bitmap of `bytes` bytes; rows: it, or the rows that it has, two bytes each.
local function bitmap_of(rows, bytes)
  if #rows == bytes then return rows end
  local bits, out = {}, {}
  for i = 1, #rows, 2 do
    local x, y = byte(rows, i, i + 1)
    local row = x + y * 256
    bits[floor(row / 8)] = (bits[floor(row / 8)] or 0) + 2 ^ (row % 8)
  end
  for k = 0, bytes - 1 do out[k + 1] = char(bits[k] or 0) end
  return table.concat(out)
end

-- n records that wait, but for those in `ends`: place (two bytes), state, reason.
local function records_of(n, ends)
  local waits, out, at = string.rep('\0', 8), {}, 0
  for i = 1, #ends, 4 do
    local x, y, state, reason = byte(ends, i, i + 3)
    local place = x + y * 256
    out[#out + 1] = string.rep(waits, place - at) .. char(state, reason, 0, 0, 0, 0, 0, 0)
    at = place + 1
  end
  out[#out + 1] = string.rep(waits, n - at)
  return table.concat(out)
end

-- [run, slice, is_last, bytes of a bitmap, then per partition: p, members, rows, ends] → as `freeze`.
-- Replay of a slice: its members have the places that they had.
local function freeze_again(_, a)
  local args = { a[1], a[2], a[3] }
  if tonumber(call('HGET', K.run .. a[1], 'slice')) ~= tonumber(a[2]) then return freeze(nil, args) end
  for i = 5, #a, 4 do
    args[#args + 1] = a[i]
    args[#args + 1] = bitmap_of(a[i + 2], tonumber(a[4]))
    args[#args + 1] = records_of(tonumber(a[i + 1]), a[i + 3])
  end
  return freeze(nil, args)
end

-- Is nothing left to send? Frozen, every cursor at its front, no lease, no todo, no
-- piece with a step to be done, and by the counters nobody waits, is being
-- sent to, or is due again. Nobody claims in a cancelled run, nor in one whose time is over: its cursors stay
-- where they are.
local function is_over(key, r)
  if not call('HGET', key, 'frozen') or call('HLEN', key .. K.lease) > 0 or
    call('EXISTS', key .. K.pieces) == 1 then return false end
  local is_ended = window.ending(r)
  for p = 0, is_ended and -1 or (tonumber(r.partitions) or 0) - 1 do
    local v = call('HMGET', key, 'cursor' .. p, 'front' .. p)
    if (tonumber(v[1]) or 0) < (tonumber(v[2]) or 0) or todo.count(r, p) > 0 then return false end
  end
  return window.left(key) == 0
end

-- Over, and nothing accepted awaits its receipt, or its deadline has passed since.
local function is_finished(key, r, t)
  local v = call('HMGET', key, 'over_s', 'receipt_deadline_s')
  if not is_over(key, r) then
    if v[1] then call('HDEL', key, 'over_s') end
    return false
  end
  local now_s = floor(t.ms / 1000)
  local over_s = tonumber(v[1])
  -- Not yet noted, or by a clock that was set back since.
  if not over_s or over_s > now_s then
    over_s = now_s
    call('HSET', key, 'over_s', over_s)
  end
  local accepted = tonumber(call('HGET', key .. K.count, 'accepted')) or 0
  return accepted == 0 or now_s - over_s >= (tonumber(v[2]) or 0)
end

-- The run's state and its campaign's, in one step. why: the kind of reason, nil = none
-- is needed; reason and by: a person's words and name.
local function set_state(run, state, why, reason, by)
  local key = K.run .. run
  call('HSET', key, 'state', state)
  if state == 'running' then fair.wake(run) else fair.leave(run) end
  if why then
    call('HSET', key, 'why', why, 'reason', reason or '', 'why_by', by or '',
      'why_s', int(floor(clock().ms / 1000)))
  else
    call('HDEL', key, 'why', 'reason', 'why_by', 'why_s')
  end
  series.follow(run, state)
end

-- Acts of a person that were done, the last eight: one that a journal tells again must not
-- undo what a person did since. → is it known?
local function is_act_known(key, id)
  local known = call('HGET', key, 'acts') or ''
  if string.find(known, id .. ',', 1, true) then return true end
  call('HSET', key, 'acts', sub(id .. ',' .. known, 1, 8 * (#id + 1)))
  return false
end

-- [run, expected state, new state, why, reason, by, act] → new state, or the state it really
-- has. A cancelled run that is finished is put away and stays cancelled.
-- act: a random id of what a person does once, or nothing.
approval.CONTROL = { paused = 'pause', running = 'resume', finished = 'finish' }
local function control(_, a)
  local key = K.run .. a[1]
  local state = call('HGET', key, 'state')
  if not state then return 'gone' end
  if a[7] and is_act_known(key, a[7]) then return state == a[2] and a[3] or state end
  if state ~= a[2] or not approval.CONTROL[a[3]] or
    not approval.may(approval.CONTROL[a[3]], state) then return state end
  if a[3] == 'running' and call('HGET', key, 'why') == 'restored' then return 'restored' end
  if a[3] == 'finished' and not is_finished(key, run_get(a[1]), clock()) then return state end
  if state ~= 'cancelled' then set_state(a[1], a[3], a[4], a[5], a[6]) end
  if a[3] == 'finished' then call('ZREM', K.runs, a[1]) end
  local r = run_get(a[1])
  if state == 'cancelled' or a[3] == 'finished' and window.has_expired(r) then -- nobody claims what is due
    for p = 0, (tonumber(r.partitions) or 0) - 1 do
      call('DEL', unpack(todo.keys(a[1], p, route.of(r, p))))
    end
  end
  call('PUBLISH', K.tick, 'run')
  return a[3]
end

-- A freeze that wants a person's word has begun: the run pauses, and says what is to be decided.
local function ask_about_freeze(r, t)
  local f, asked = hours.asks(r, t)
  if not f then return end
  call('HSET', K.run .. r.id, 'freezes_asked', (asked == '' and ',' or asked) .. int(f.id) .. ',')
  set_state(r.id, 'paused', 'freeze', hours.freeze_text(f), 'the server')
  r.state = 'paused'
  call('PUBLISH', K.tick, 'run')
end

-- By the keeper: its time is over. What is left ends piece by piece, by `step`.
function window.expire(r, t)
  if not window.is_over(r, t) or (r.state ~= 'running' and r.state ~= 'paused') then return end
  local key = K.run .. r.id
  if not window.has_expired(r) then
    call('HSET', key, 'finish_s', 0)
    r.finish_s = 0
    window.fill_pieces(r)
    call('PUBLISH', K.tick, 'run')
  elseif r.state == 'paused' and is_over(key, r) then
    set_state(r.id, 'running') -- nothing of it is left to pause
    r.state = 'running'
  end
end

-- Notices have no list to be frozen from.
-- [run] → [state, frozen (0|1), finished (0|1), cursor of each partition,
-- pieces with a step to be done, how often it was retried]
local function progress(_, a)
  local key = K.run .. a[1]
  local r = run_get(a[1])
  if not r.launched_s then return { 'gone', 0, 0, {}, 0, 0 } end
  local t = clock()
  reap(r, t)
  canary_look(a[1], r, t)
  approval.ceiling_end(a[1], r)
  notice.close(key, t)
  ask_about_freeze(r, t)
  window.smooth(r, t)
  window.expire(r, t)
  todo.free(r, t)
  fair.heal(r, t)
  local is_frozen = r.kind == 'notices' or call('HGET', key, 'frozen')
  local cursors = {}
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    cursors[p + 1] = tonumber(call('HGET', key, 'cursor' .. p)) or 0
  end
  return { r.state, is_frozen and 1 or 0, is_finished(key, r, t) and 1 or 0, cursors,
    call('ZCARD', key .. K.pieces), tonumber(call('HGET', key, 'retries')) or 0 }
end

-- Names carry the version of this text, so two releases can use one Redis.
local function export(name, f, flags)
  redis.register_function{ function_name = 'loa_' .. name .. V, flags = flags,
    callback = function(keys, args)
      prepare()
      return f(keys, args)
    end }
end
-- Evidence, and what gives back, must find room even when memory is short.
local ANYWAY = { 'allow-oom' }
export('hello', hello, ANYWAY)
export('bye', bye, ANYWAY)
export('release', release, ANYWAY)
export('unmark', unmark, ANYWAY)
export('hold', hold, ANYWAY)
export('remark', remark, ANYWAY)
export('notices_again', notices_again, ANYWAY)
export('outcome', outcome, ANYWAY)
export('receipts', receipts, ANYWAY)
export('poll_take', poll_take, ANYWAY)
export('poll_done', poll_done, ANYWAY)
export('control', control, ANYWAY)
export('reconcile', reconcile, ANYWAY)
export('brake_release', brake_release, ANYWAY)
export('restored', OPERATE.restored, ANYWAY)
export('unused', OPERATE.unused, ANYWAY)
export('claim', claim)
export('permit', permit)
export('late', limits.late)
export('caps_check', caps.check, { 'no-writes' })
export('caps_put_off', caps.put_off, ANYWAY)
export('lane_publish', limits.publish, ANYWAY)
export('skip', skip)
export('install', install)
export('launch', launch)
export('launch_again', launch_again, ANYWAY)
export('freeze', freeze)
export('freeze_again', freeze_again, ANYWAY)
export('progress', progress)
export('waits', fair.waits, { 'no-writes' })
export('notices', notices)
export('notices_known', notices_known)
export('choices_remember', choices_remember)
export('segment_save', segments.save)
export('segment_get', segments.get, { 'no-writes' })
export('segment_show', segments.show, { 'no-writes' })
export('segment_rm', segments.rm, ANYWAY)
export('template_save', template_save)
export('template_get', template_get)
export('template_version', template_version)
export('template_ls', template_ls)
export('campaign_create', campaign_create)
export('campaign_get', campaign_get)
export('ls', ls)
export('suppress_add', suppress.add, ANYWAY)
export('suppress_rm', suppress.rm, ANYWAY)
export('suppress_check', suppress.check, { 'no-writes' })
export('suppress_ls', suppress.ls, { 'no-writes' })
export('suppress_show', suppress.show, { 'no-writes' })
export('halt_put', halts.put, ANYWAY)
export('halt_end', halts.finish, ANYWAY)
export('halt_again', halts.again, ANYWAY)
export('halt_ls', halts.ls, { 'no-writes' })
export('halt_of', halts.of, { 'no-writes' })
export('erase_begin', erase.begin, ANYWAY)
export('erase_missing', erase.missing, { 'no-writes' })
export('erase_put', erase.put, ANYWAY)
export('erase_payload', erase.payload, ANYWAY)
export('erase_block', erase.block, ANYWAY)
export('erase_end', erase.finish, ANYWAY)
