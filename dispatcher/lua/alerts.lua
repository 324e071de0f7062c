-- SPDX-License-Identifier: MIT
-- Alerts: what needs a person. One step of the watcher looks at the facts, raises what is new, ends what
-- is over, and begins a repetition of what nobody has acknowledged.
--
-- loa:alerts: number → {kind, object, unit, name, detail, since, seen, n, n_s, sms, hook, hook_s, tries,
-- acked, by, act, over} (times in s): n repetitions were begun, the last at n_s; sms and hook: the last
-- that was told in that way; tries failed posts, the next not before hook_s. loa:alerts:open: "KIND
-- OBJECT" → number, of those that are not over: so a fact has one alert. loa:alerts:walk: ms of the last
-- look, and where the walks over campaigns and brandnames are.

local alerts = { EVERY_MS = 3000, SLICE = 256, MOST = 1000, PAST = 500, SEEN_S = 60,
  LANE_OPENS = 6, -- rests of 1, 2, 4, 8 and 16 s did not help
  TELL = 16,      -- handed out by a look
  POST_S = 15,    -- until another process posts what this one was given
  HOOK_TRIES = 10, TARIFFS = 16 }

-- ---- the facts: kind → object → nil, or {unit, name, detail} ----

alerts.facts = {}

function alerts.campaign(object)
  local id = string.match(object, '^campaign:(%d+)')
  if not id then return nil end
  local v = call('HMGET', K.campaign .. id, 'state', 'name', 'unit', 'submitted_by', 'note', 'due_s')
  return v[1] and { id = id, state = v[1], name = v[2] or '', unit = tonumber(v[3]) or 1,
    by = v[4] or '', note = v[5] or '', due_s = v[6] or '' }
end

function alerts.fact(c, detail) return { unit = c.unit, name = c.name, detail = detail or '' } end

function alerts.facts.approval(object)
  local c = alerts.campaign(object)
  return c and c.state == 'submitted' and alerts.fact(c, c.by)
end

function alerts.facts.returned(object)
  local c = alerts.campaign(object)
  return c and c.state == 'returned' and alerts.fact(c, c.note)
end

-- Of one that recurs "campaign:ID@DUE": until a later occurrence is over, one way or the other.
function alerts.facts.missed(object)
  local c, due = alerts.campaign(object), string.match(object, '@(%d+)$')
  if not c then return nil end
  if not due then return c.state == 'missed' and alerts.fact(c, c.due_s) end
  return alerts.newest_missed(c.id) == due and alerts.fact(c, due)
end

function alerts.newest_missed(id)
  local one = call('ZREVRANGE', K.occurrences .. id, 0, 0)[1]
  return one and string.match(one, '^(%d+)@?%d* missed ')
end

function alerts.run(object)
  local id = string.match(object, '^run:(%d+)$')
  if not id then return nil end
  local key = K.run .. id
  local v = call('HMGET', key, 'state', 'campaign', 'unit', 'why')
  if not v[1] then return nil end
  local name = v[2] and call('HGET', K.campaign .. v[2], 'name')
  return { key = key, state = v[1], name = name or 'run ' .. id, unit = tonumber(v[3]) or 1, why = v[4] }
end

alerts.BRAKES = {}
for i = 1, alerts.TARIFFS do alerts.BRAKES[i] = 'brake' .. i - 1 end

function alerts.facts.braked(object)
  local r = alerts.run(object)
  if not r or r.state ~= 'running' and r.state ~= 'paused' then return nil end
  local v = call('HMGET', r.key, unpack(alerts.BRAKES))
  for i = 1, alerts.TARIFFS do if v[i] then return alerts.fact(r, v[i]) end end
end

function alerts.facts.ceiling(object)
  local r = alerts.run(object)
  return r and r.state == 'paused' and r.why == 'ceiling' and alerts.fact(r)
end

-- While a run goes on, what is in doubt may still be answered.
function alerts.facts.doubt(object)
  local r = alerts.run(object)
  if not r or r.state ~= 'finished' and r.state ~= 'cancelled' then return nil end
  local n = tonumber(call('HGET', r.key .. K.count, 'unknown')) or 0
  return n > 0 and alerts.fact(r, int(n))
end

function alerts.facts.lane(object, o)
  local name = string.match(object, '^lane:(.*)$')
  local unit = name and o.lanes[name]
  if not unit then return nil end
  local v = call('HMGET', K.lane .. name, 'opens', 'why')
  return (tonumber(v[1]) or 0) >= alerts.LANE_OPENS and { unit = unit, name = name, detail = v[2] or '' }
end

-- Its certificate is valid until then, or is over. Brandnames are the whole installation's.
function alerts.facts.brandname(object, o, t)
  local text = call('HGET', K.brandnames, string.match(object, '^brandname:(.*)$') or '')
  local b = text and cjson.decode(text)
  local till = b and b.valid_to
  if type(till) ~= 'string' or till > alerts.day(t, o.expiry_days) then return nil end
  return { unit = 1, name = tostring(b.name), detail = till }
end

-- "2027-10-10", so many days after today in Vietnam.
function alerts.day(t, later) return sub(hours.text(floor(t.ms / 1000) + later * 86400), 1, 10) end

-- ---- where facts may be: "KIND OBJECT" ----

-- The next slice of a hash → what stands in it, where the one after it begins
function alerts.slice(key, at)
  local r = call('HSCAN', key, at or '0', 'COUNT', alerts.SLICE)
  return r[2], r[1]
end

function alerts.of_campaign(id, out)
  local v = call('HMGET', K.campaign .. id, 'state', 'run', 'missed', 'schedule')
  local object = 'campaign:' .. id
  if v[1] == 'submitted' then out[#out + 1] = 'approval ' .. object end
  if v[1] == 'returned' then out[#out + 1] = 'returned ' .. object end
  if v[1] == 'missed' and not v[4] then out[#out + 1] = 'missed ' .. object end
  local due = v[3] and alerts.newest_missed(id)
  if due then out[#out + 1] = 'missed ' .. object .. '@' .. due end
  if v[2] then out[#out + 1] = 'doubt run:' .. v[2] end
end

function alerts.candidates(o, walk)
  local out, places = {}, {}
  local found, at = alerts.slice(K.names .. 'campaign', walk.campaign)
  for i = 2, #found, 2 do alerts.of_campaign(found[i], out) end
  places[1], places[2] = 'campaign', at
  found, at = alerts.slice(K.brandnames, walk.brandname)
  for i = 1, #found, 2 do out[#out + 1] = 'brandname brandname:' .. found[i] end
  places[3], places[4] = 'brandname', at
  for _, run in ipairs(call('ZRANGE', K.runs, 0, -1)) do
    out[#out + 1] = 'braked run:' .. run
    out[#out + 1] = 'ceiling run:' .. run
  end
  for _, name in ipairs(o.names) do out[#out + 1] = 'lane lane:' .. name end
  return out, places
end

-- ---- a look ----

function alerts.holds(name, o, t)
  local kind, object = string.match(name, '^(%l+) (.*)$')
  local f = kind and alerts.facts[kind]
  return f and f(object, o, t) or nil, kind, object
end

function alerts.get(id)
  local text = call('HGET', K.alerts, id)
  return text and cjson.decode(text)
end

function alerts.put(id, r) call('HSET', K.alerts, id, cjson.encode(r)) end

-- Of those that are over only the newest are kept.
function alerts.forget()
  local past, v, most = {}, call('HGETALL', K.alerts), alerts.PAST
  if #v / 2 <= most then return end
  for i = 1, #v, 2 do
    if cjson.decode(v[i + 1]).over then past[#past + 1] = tonumber(v[i]) end
  end
  table.sort(past)
  for i = 1, #past - most do call('HDEL', K.alerts, int(past[i])) end
end

-- Minutes of the day; from and to may lie on both sides of midnight.
function alerts.is_quiet(o, t)
  return o.quiet_from ~= nil and hours.wait(t.ms, o.quiet_from, o.quiet_to) == 0
end

-- Is it time to tell it (again)?
function alerts.is_due(r, o, t, now)
  if o.most == 0 or r.acked or r.n >= o.most then return false end
  if alerts.is_quiet(o, t) and not o.urgent[r.kind] then return false end
  return r.n == 0 or now - r.n_s >= o.every_s or now < r.n_s
end

-- What of it a process has to do now: 's' a message, 'h' a post, both, or ''.
function alerts.to_do(r, o, now)
  local out = r.n > r.sms and o.has_sms and 's' or ''
  local may_post = o.has_hook and r.n > r.hook and r.tries < alerts.HOOK_TRIES
  if may_post and (now >= r.hook_s or r.hook_s - now > 3600) then out = out .. 'h' end
  return out
end

function alerts.path(unit)
  local out, at = {}, unit
  for _ = 1, account.depth do
    if not at or at == 0 then break end
    out[#out + 1] = int(at)
    at = account.parent(at)
  end
  return table.concat(out, ',')
end

-- One that is open already → is it still?
function alerts.again(name, id, o, t, now)
  local r, f = alerts.get(id), alerts.holds(name, o, t)
  if not r then return false end
  if not f then
    r.over = now
    alerts.put(id, r)
    call('HDEL', K.alerts .. K.opened, name)
    return false
  end
  local has_begun = alerts.is_due(r, o, t, now)
  if has_begun then r.n, r.n_s, r.tries, r.hook_s = r.n + 1, now, 0, 0 end
  if has_begun or now - r.seen >= alerts.SEEN_S or now < r.seen then
    r.seen, r.name, r.unit = now, f.name, f.unit
    alerts.put(id, r)
  end
  return true, r
end

-- Never in the middle of a character.
function alerts.clip(text)
  if #text <= 300 then return text end
  return (string.gsub(sub(text, 1, 300), '[\192-\255][\128-\191]*$', ''))
end

function alerts.raise(name, f, kind, object, o, t, now)
  local id = call('HINCRBY', K.seq, 'alert', 1)
  local r = { kind = kind, object = object, unit = f.unit, name = f.name, detail = alerts.clip(f.detail),
    since = now, seen = now, n = 0, n_s = 0, sms = 0, hook = 0, hook_s = 0, tries = 0 }
  if alerts.is_due(r, o, t, now) then r.n, r.n_s = 1, now end
  alerts.put(int(id), r)
  call('HSET', K.alerts .. K.opened, name, int(id))
  return id, r
end

-- [{expiry_days, every_s, most, quiet_from, quiet_to (minutes, absent = none), urgent (kinds), has_sms,
-- has_hook, lanes ([name, unit] …)} as JSON] → what alerts.look reads
function alerts.options(text)
  local o = cjson.decode(text)
  local urgent, lanes = {}, o.lanes
  for _, kind in ipairs(o.urgent) do urgent[kind] = true end
  o.urgent, o.lanes, o.names = urgent, {}, {}
  for _, one in ipairs(lanes) do
    o.names[#o.names + 1] = one[1]
    o.lanes[one[1]] = one[2]
  end
  return o
end

-- [options] → ['sleep', ms until the next look], somebody looked; or ['looked', open, raised, ended,
-- [id, record, 's', 'h' or 'sh', its unit and those above "7,3,1"] …]: to be told now. What is told is
-- said by alert_told; who dies before that leaves it to the next look.
function alerts.look(_, a)
  local t, walk_key = clock(), K.alerts .. K.walk
  local v = call('HMGET', walk_key, 'ms', 'campaign', 'brandname')
  local last = tonumber(v[1]) or 0
  if last <= t.ms and t.ms - last < alerts.EVERY_MS then
    return { 'sleep', math.ceil(last + alerts.EVERY_MS - t.ms) }
  end
  local o, now = alerts.options(a[1]), floor(t.ms / 1000)
  local open, raised, ended, tell, is_open = 0, 0, 0, {}, {}
  local function hand_out(id, r)
    local what = #tell < alerts.TELL and alerts.to_do(r, o, now) or ''
    if sub(what, -1) == 'h' then
      r.hook_s = now + alerts.POST_S
      alerts.put(id, r)
    end
    if what ~= '' then tell[#tell + 1] = { tonumber(id), cjson.encode(r), what, alerts.path(r.unit) } end
  end
  local all = call('HGETALL', K.alerts .. K.opened)
  local found, places = alerts.candidates(o, { campaign = v[2], brandname = v[3] })
  for i = 1, #all, 2 do
    is_open[all[i]] = true
    local still, r = alerts.again(all[i], all[i + 1], o, t, now)
    if still then
      open = open + 1
      hand_out(all[i + 1], r)
    else
      ended = ended + 1
    end
  end
  for _, name in ipairs(found) do
    if not is_open[name] and open < alerts.MOST then
      local f, kind, object = alerts.holds(name, o, t)
      if f then
        is_open[name], open, raised = true, open + 1, raised + 1
        hand_out(alerts.raise(name, f, kind, object, o, t, now))
      end
    end
  end
  if ended > 0 then alerts.forget() end
  call('HSET', walk_key, 'ms', int(t.ms), unpack(places))
  return { 'looked', open, raised, ended, tell }
end

-- [id, number of the repetition, 's' or 'h', 1 = told, 0 = a post failed] → 1, 0: it was told already,
-- or is gone
function alerts.told(_, a)
  local r, n = alerts.get(a[1]), tonumber(a[2])
  local way = a[3] == 's' and 'sms' or 'hook'
  if not r or r[way] >= n then return 0 end
  if a[4] == '1' then
    r[way] = n
  else
    r.tries = r.tries + 1
    r.hook_s = floor(clock().ms / 1000) + math.min(600, 5 * 2 ^ (r.tries - 1))
  end
  alerts.put(a[1], r)
  return 1
end

-- [at or '', act, id, by] → ['done', ms], ['none'], ['over'] nobody is told any more anyhow. The first
-- acknowledgement stays.
function alerts.ack(_, a)
  local t, r = clock(), alerts.get(a[3])
  if not r then return { 'none' } end
  if r.over and r.act ~= a[2] then return { 'over' } end
  if r.acked then return { 'done', int(r.acked * 1000) } end
  r.acked, r.by, r.act = floor((a[1] ~= '' and tonumber(a[1]) or t.ms) / 1000), a[4], a[2]
  alerts.put(a[3], r)
  return { 'done', int(t.ms) }
end

-- [units that are seen, '' = all, 1 = those too that are over, id or '' = all] → [[id, record] …], the
-- newest first, at most 1,000. Reads only.
function alerts.ls(_, a)
  local seen, list, out = {}, {}, {}
  for unit in string.gmatch(a[1], '%d+') do seen[tonumber(unit)] = true end
  local v = a[3] ~= '' and { a[3], call('HGET', K.alerts, a[3]) } or call('HGETALL', K.alerts)
  for i = 1, #v, 2 do
    local r = v[i + 1] and cjson.decode(v[i + 1])
    if r and (a[1] == '' or seen[r.unit]) and (a[2] == '1' or not r.over) then
      list[#list + 1] = { tonumber(v[i]), v[i + 1] }
    end
  end
  table.sort(list, function(x, y) return x[1] > y[1] end)
  for i = 1, math.min(#list, 1000) do out[i] = list[i] end
  return out
end

export('alerts_look', alerts.look)
export('alert_told', alerts.told, ANYWAY)
export('alert_ack', alerts.ack, ANYWAY)
export('alert_ls', alerts.ls, { 'no-writes' })
