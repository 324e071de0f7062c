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

-- [campaign key, run, prio, lanes, partitions, field, value, …] → run id
-- Idempotent: a campaign that was launched answers with the run it has.
-- The caller has read the campaign in state 'draft'; anything else is refused.
local function launch(_, a)
  local campaign, run = a[1], a[2]
  local v = call('HMGET', campaign, 'state', 'run')
  if v[1] ~= 'draft' then return { v[1] or 'gone', tonumber(v[2]) or 0 } end
  local t = clock()
  local args = { 'state', 'running', 'launched_s', int(floor(t.ms / 1000)), 'prio', a[3],
    'lanes', a[4], 'partitions', a[5], 'slice', 0, 'audience', 0 }
  for i = 6, #a do args[#args + 1] = a[i] end
  -- A newcomer starts beside the others, not with all the credit of the past.
  local pass
  for _, id in ipairs(call('ZRANGE', K.runs, 0, -1)) do
    local other = tonumber(call('HGET', K.run .. id, 'pass')) or 0
    pass = math.min(pass or other, other)
  end
  args[#args + 1] = 'pass'
  args[#args + 1] = int(pass or 0)
  call('HSET', K.run .. run, unpack(args))
  call('ZADD', K.runs, a[3], run)
  call('HSET', campaign, 'state', 'running', 'run', run)
  call('PUBLISH', K.tick, 'run')
  return { 'launched', tonumber(run) }
end

-- [run, slice, is_last, then per partition: p, bitmap, records] → next slice.
-- One slice of the audience: a bitmap of rows per partition, and the first
-- records of its members. Slices come in order; a repeated one changes nothing.
local function freeze(_, a)
  local run, slice = a[1], tonumber(a[2])
  local v = call('HMGET', K.run .. run, 'slice', 'state', 'launched_s')
  local at = tonumber(v[1])
  if not at or v[2] == 'cancelled' then return -1 end
  if at ~= slice then return at end
  local audience, delta = 0, {}
  for i = 4, #a, 3 do
    local p, bitmap, records = a[i], a[i + 1], a[i + 2]
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
  if a[3] == '1' then call('HSET', K.run .. run, 'frozen', 1) end
  call('PUBLISH', K.tick, 'run')
  return slice + 1
end

-- [run, expected state, new state] → new state, or the state it really has.
local CONTROL = { ['running>paused'] = true, ['paused>running'] = true,
  ['running>finished'] = true }
local function control(_, a)
  local state = call('HGET', K.run .. a[1], 'state')
  if not state then return 'gone' end
  if state ~= a[2] or not CONTROL[a[2] .. '>' .. a[3]] then return state end
  call('HSET', K.run .. a[1], 'state', a[3])
  if a[3] == 'finished' then
    call('ZREM', K.runs, a[1])
    local campaign = call('HGET', K.run .. a[1], 'campaign')
    if campaign then call('HSET', K.campaign .. campaign, 'state', 'finished') end
  end
  call('PUBLISH', K.tick, 'run')
  return a[3]
end

-- [run] → [state, frozen (0|1), finished (0|1), cursor of each partition]
-- Nothing left to send: frozen, every cursor at its front, no lease, no todo.
-- Finished: also nothing accepted that still awaits its receipt, or its
-- deadline has passed since there was nothing left to send.
local function progress(_, a)
  local t = clock()
  local key = K.run .. a[1]
  local r = run_get(a[1])
  if not r.launched_s then return { 'gone', 0, 0, {} } end
  local v = call('HMGET', key, 'frozen', 'over_s', 'receipt_deadline_s')
  local is_over = v[1] and call('HLEN', key .. K.lease) == 0
  local cursors = {}
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    local w = call('HMGET', key, 'cursor' .. p, 'front' .. p)
    local cursor, front = tonumber(w[1]) or 0, tonumber(w[2]) or 0
    cursors[p + 1] = cursor
    if cursor < front or call('ZCARD', key .. K.todo .. p) > 0 then is_over = false end
  end
  local is_finished = 0
  if is_over then
    local now_s = floor(t.ms / 1000)
    local over_s = tonumber(v[2])
    if not over_s then
      over_s = now_s
      call('HSET', key, 'over_s', now_s)
    end
    local accepted = tonumber(call('HGET', key .. K.count, 'accepted')) or 0
    if accepted == 0 or now_s - over_s >= (tonumber(v[3]) or 0) then is_finished = 1 end
  elseif v[2] then
    call('HDEL', key, 'over_s')
  end
  return { r.state, v[1] and 1 or 0, is_finished, cursors }
end

-- Names carry the version of this text, so two releases can use one Redis.
local function export(name, f, flags)
  redis.register_function{ function_name = 'loa_' .. name .. V, flags = flags,
    callback = function(keys, args)
      prepare()
      return f(keys, args)
    end }
end
export('hello', hello)
export('bye', bye)
export('claim', claim)
export('release', release)
export('reconcile', reconcile)
export('permit', permit)
export('remark', remark)
export('late', late)
export('unmark', unmark)
export('skip', skip)
export('install', install)
export('launch', launch)
export('freeze', freeze)
export('control', control)
export('progress', progress)
export('segment_save', segment_save)
export('template_save', template_save)
export('campaign_create', campaign_create)
export('template_get', template_get)
export('ls', ls)
export('campaign_id', campaign_id)
export('campaign_get', campaign_get)
-- Evidence must find room even when memory is short: it was paid for.
export('outcome', outcome, { 'allow-oom' })
export('receipts', receipts, { 'allow-oom' })
