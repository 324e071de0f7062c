-- SPDX-License-Identifier: MIT
-- Notices: single messages of other systems. They are rows of a run of kind
-- "notices", one for each class, unit and Vietnamese day, made when its first
-- message comes. What is said to whom stands in the run's payload instead of a
-- list; records, claim, permit and outcome are those of every run.

local notice = {}

-- Days since 1970 in Vietnam, UTC+7 without summer time.
function notice.day(t) return floor((t.ms / 1000 + 25200) / 86400) end

-- 20782 → '2026-11-25'
function notice.date(day)
  local year, month = 1970, 1
  local function is_leap() return (year % 4 == 0 and year % 100 ~= 0) or year % 400 == 0 end
  while day >= (is_leap() and 366 or 365) do
    day = day - (is_leap() and 366 or 365)
    year = year + 1
  end
  local lengths = { 31, is_leap() and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
  while day >= lengths[month] do
    day = day - lengths[month]
    month = month + 1
  end
  return string.format('%04d-%02d-%02d', year, month, day + 1)
end

-- Nothing is added any more to the run of a day that is over, or that was
-- cancelled: from then on it ends as every run does.
function notice.close(key, t)
  local v = call('HMGET', key, 'kind', 'frozen', 'today', 'state')
  if v[1] ~= 'notices' or v[2] then return end
  if notice.day(t) > tonumber(v[3]) or v[4] == 'cancelled' then call('HSET', key, 'frozen', 1) end
end

-- The name under which the day's run of a class and unit is found. A route that was changed
-- has its own: a lane that is gone would keep for ever what was accepted for it. a: as of `notices`.
function notice.field(a)
  local field = table.concat({ a[4], a[5], a[7], a[9] }, ':')
  for i = 11, #a, 2 do
    if a[i] == 'routes' then field = field .. ':' .. a[i + 1] end
  end
  return field
end

-- The run that takes messages now, or nil and the one that is to be closed.
function notice.open_run(field, t)
  local id = call('HGET', K.notices, field)
  if not id then return nil end
  local v = call('HMGET', K.run .. id, 'state', 'frozen', 'today', 'carrier_map', 'launched_s')
  local is_open = (v[1] == 'running' or v[1] == 'paused') and not v[2] and
    tonumber(v[3]) >= notice.day(t)
  if not is_open then return nil, v[1] and id end
  return { id = id, map = v[4], launched_s = tonumber(v[5]) }
end

-- Messages as C packs them: carrier (255: refused, the bytes say why), parts, the
-- length in four bytes, the bytes. Returns rows and the answer of each message.
function notice.read(packed, map)
  local rows, items, at = {}, {}, 1
  while at <= #packed do
    local carrier, parts, n0, n1, n2, n3 = byte(packed, at, at + 5)
    local n = n0 + n1 * 256 + n2 * 65536 + n3 * 16777216
    local bytes = sub(packed, at + 6, at + 5 + n)
    at = at + 6 + n
    local p = carrier < 16 and tonumber(sub(map, carrier + 1, carrier + 1))
    if p then rows[#rows + 1] = { at = #items + 1, p = p, parts = parts, payload = bytes } end
    items[#items + 1] = carrier == 255 and bytes or 'no route'
  end
  return rows, items
end

-- `notices-CLASS-DAY`, with the unit unless it is the first, and with a number
-- when somebody has used that name.
function notice.free_name(class, unit, day)
  local base = 'notices-' .. class .. (unit ~= '1' and '-unit' .. unit or '') .. '-' .. notice.date(day)
  local name, n = base, 1
  while call('HEXISTS', K.names .. 'campaign', name) == 1 do
    n = n + 1
    name = base .. '-' .. n
  end
  return name
end

-- a: as of `notices`. id and campaign: nil, or what they were before Redis forgot.
function notice.make(a, t, old, id, campaign)
  local class, unit, day = a[4], a[5], notice.day(t)
  id = id or int(call('HINCRBY', K.seq, 'run', 1))
  campaign = campaign or int(call('HINCRBY', K.seq, 'campaign', 1))
  local now_s, name = int(floor(t.ms / 1000)), notice.free_name(class, unit, day)
  if old then call('HSET', K.run .. old, 'frozen', 1) end
  call('HSET', K.campaign .. campaign, 'name', name, 'kind', 'notices', 'template', '', 'segments', '',
    'list', '', 'class', class, 'goal', '', 'event', '', 'per', 'row', 'approval', 'none', 'unit', unit,
    'state', 'running', 'created_s', now_s, 'run', id)
  call('HSET', K.names .. 'campaign', name, campaign)
  call('HSET', K.run .. id, 'state', 'running', 'kind', 'notices', 'launched_s', now_s, 'class', class,
    'unit', unit, 'today', int(day), 'prio', a[6], 'lanes', a[7], 'partitions', a[8],
    'per', 'row', 'campaign', campaign, 'list', '', 'list_version', 0,
    'list_rows', 0, 'template', '', 'queries', '[]', 'slice', 0, 'audience', 0,
    unpack(a, 11))
  call('ZADD', K.runs, a[6], id)
  call('HSET', K.notices, notice.field(a), id)
  return { id = id, map = a[9], launched_s = tonumber(now_s) }
end

-- Write records at rank, whatever strings they fall into.
function notice.put_records(run, p, rank, records)
  local done, n = 0, #records / 8
  while done < n do
    local k = math.min(n - done, STRING - (rank + done) % STRING)
    call('SETRANGE', records_key(run, p, rank + done), ((rank + done) % STRING) * 8,
      sub(records, done * 8 + 1, (done + k) * 8))
    done = done + k
  end
end

function notice.put_payload(run, row, seconds)
  local key = K.run .. run .. K.payload .. row.p .. ':' .. floor(row.rank / STRING)
  call('HSET', key, int(row.rank), row.payload)
  call('EXPIRE', key, seconds)
end

-- Behind the last row of each partition; rows learn their ranks.
function notice.append(run, rows, t, seconds)
  local key, records, fronts = K.run .. run.id, {}, {}
  for _, row in ipairs(rows) do
    local p = row.p
    if not fronts[p] then
      fronts[p], records[p] = tonumber(call('HGET', key, 'front' .. p)) or 0, {}
    end
    row.rank = fronts[p] + #records[p]
    table.insert(records[p], pack_record{ state = S.WAITING, flags = 0, reason = 0, attempt = 0,
      provider = 0, parts = row.parts, changed = seconds_of(t, run.launched_s) })
  end
  for p, front in pairs(fronts) do
    notice.put_records(run.id, p, front, table.concat(records[p]))
    call('HSET', key, 'front' .. p, int(front + #records[p]))
    fair.due(run.id, p, 0)
  end
  for _, row in ipairs(rows) do notice.put_payload(run.id, row, seconds) end
  call('HINCRBY', key, 'audience', #rows)
end

-- What was answered under this key: the same again, unless something else is asked.
function notice.known(key, hash)
  local v = call('GET', K.answer .. key)
  if not v then return nil end
  local answer = cmsgpack.unpack(v)
  if answer.hash ~= hash then return { 'other' } end
  return { 'known', answer.run, answer.campaign, answer.items }
end

-- [key, hash of what is asked] → ['known', run, campaign, items] ['other'] or nil
local function notices_known(_, a) return notice.known(a[1], a[2]) end

-- [key, hash, seconds the payload is kept, class, unit, prio, lanes, partitions,
--  carrier map, messages, field, value, …] → ['accepted'|'known', run, campaign, items]
--   ['other'] (this key has asked something else) ['none', 0, 0, items] (nothing is kept)
--   ['frozen', by which freeze] (nothing is kept)
--   behind the items of what was accepted: the freeze that it waits for, if there is one
-- items: 'P:RANK', 'no route', or the refusal that came with the message.
local ANSWER_KEPT_S = 172800
local function notices(_, a)
  local known = notice.known(a[1], a[2])
  if known then return known end
  local t = clock()
  local freeze = hours.freeze({ class = a[4], unit = a[5] }, t, t.ms)
  if freeze and freeze.inside == 'ask' then return { 'frozen', hours.freeze_text(freeze) } end
  local run, old = notice.open_run(notice.field(a), t)
  local rows, items = notice.read(a[10], run and run.map or a[9])
  if #rows == 0 then return { 'none', '0', '0', items } end
  -- Only writes from here.
  run = run or notice.make(a, t, old)
  notice.append(run, rows, t, a[3])
  for _, row in ipairs(rows) do items[row.at] = row.p .. ':' .. int(row.rank) end
  local campaign = call('HGET', K.run .. run.id, 'campaign')
  call('SET', K.answer .. a[1], cmsgpack.pack{ hash = a[2], run = run.id, campaign = campaign,
    items = items }, 'EX', ANSWER_KEPT_S)
  call('PUBLISH', K.tick, 'run')
  return { 'accepted', run.id, campaign, items, freeze and hours.freeze_text(freeze) or nil }
end

-- One row back at its place. What lies before it and is not back yet is skipped
-- until it is. In a run that was cancelled meanwhile it ends at once.
function notice.put_back(run, row, t, seconds)
  local key = K.run .. run.id
  local front = tonumber(call('HGET', key, 'front' .. row.p)) or 0
  local now_s = seconds_of(t, run.launched_s)
  local state = run.state == 'cancelled' and S.CANCELLED or S.WAITING
  local function rec(state, reason, parts)
    return { state = state, flags = 0, reason = reason, attempt = 0, provider = 0, parts = parts,
      changed = now_s }
  end
  if row.rank < front then
    local w = window_open(run.id, row.p, row.rank, row.rank + 1)
    if window_get(w, row.rank).reason ~= R.NOT_KEPT then return end
    window_set(w, row.rank, rec(state, 0, row.parts), now_s)
    window_write(w)
    if state == S.WAITING then todo_add(run.id, row.p, row.rank, row.rank + 1, t.ms) end
  else
    local gap = row.rank - front
    notice.put_records(run.id, row.p, front,
      string.rep(pack_record(rec(S.SKIPPED, R.NOT_KEPT, 0)), gap) ..
      pack_record(rec(state, 0, row.parts)))
    if gap > 0 then call('HINCRBY', key .. K.count, 'skipped', gap) end
    if state == S.CANCELLED then call('HINCRBY', key .. K.count, 'cancelled', 1) end
    call('HINCRBY', key, 'audience', gap + 1)
    call('HSET', key, 'front' .. row.p, int(row.rank + 1))
    fair.due(run.id, row.p, 0)
  end
  notice.put_payload(run.id, row, seconds)
  if run.state == 'finished' then wake_run(run, row.p, row.rank) end
end

-- [run, campaign, items joined by line ends, then as `notices`] → 1
-- Replay of an acknowledged `notices` after Redis came back: what it lost is put
-- where it was, because its id and its reference say where that is.
local function notices_again(_, a)
  local id, campaign = a[1], a[2]
  local places, again = {}, { unpack(a, 4) }
  for place in string.gmatch(a[3], '[^\n]+') do places[#places + 1] = place end
  local t = clock()
  local run = run_get(id)
  run = run.launched_s and run
  -- The same map again: a message lies where it lay, or is not in this run at all.
  local rows = notice.read(again[10], string.rep('0', 16))
  if not run then
    for name, number in pairs{ run = id, campaign = campaign } do
      local last = tonumber(call('HGET', K.seq, name)) or 0
      call('HSET', K.seq, name, int(math.max(last, tonumber(number))))
    end
    run = notice.make(again, t, nil, id, campaign)
  end
  for _, row in ipairs(rows) do
    local p, rank = string.match(places[row.at] or '', '^(%d):(%d+)$')
    row.p, row.rank = tonumber(p), tonumber(rank)
    if p then notice.put_back(run, row, t, again[3]) end
  end
  call('SET', K.answer .. again[1], cmsgpack.pack{ hash = again[2], run = id, campaign = campaign,
    items = places }, 'EX', ANSWER_KEPT_S)
  return 1
end
