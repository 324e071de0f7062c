-- SPDX-License-Identifier: MIT
-- Saved segments. A record's `uses` are the segments that its query names, one a line: what
-- stands inside of what is known without reading queries.

local segments = { most = 2200 } -- 16 of a campaign, each with as many inside as are put in

-- Is name one of the lines?
function segments.has(lines, name)
  return lines and string.find('\n' .. lines .. '\n', '\n' .. name .. '\n', 1, true) ~= nil
end

-- Each of the names and all that stand inside of them, once: f(name, [list, query, uses] or nil),
-- until it returns true
function segments.walk(names, f)
  local queue, seen = {}, {}
  local function add(name)
    if not seen[name] and #queue < segments.most then
      seen[name] = true
      queue[#queue + 1] = name
    end
  end
  for _, name in ipairs(names) do add(name) end
  local at = 1
  while at <= #queue do
    local v = call('HMGET', K.segment .. queue[at], 'list', 'query', 'uses')
    if f(queue[at], v[1] and v) then return true end
    for name in string.gmatch(v[3] or '', '[^\n]+') do add(name) end
    at = at + 1
  end
  return false
end

-- [name …] → [name, list, query …]: these and what stands inside of them, as far as they exist.
-- Reads only.
function segments.get(_, a)
  local out = {}
  segments.walk(a, function(name, v)
    if v then out[#out + 1], out[#out + 2], out[#out + 3] = name, v[1], v[2] or '' end
  end)
  return out
end

-- The lists of a campaign's segments, in the order in which they are named; or nil and the segment that
-- is not there. lines: one a line
function segments.lists(lines)
  local out, seen = {}, {}
  for name in string.gmatch(lines, '[^\n]+') do
    local list = call('HGET', K.segment .. name, 'list')
    if not list then return nil, name end
    if not seen[list] then out[#out + 1] = list end
    seen[list] = true
  end
  return out
end

-- Is a campaign in this state not launched yet?
function segments.is_waiting(state)
  return state == 'draft' or state == 'returned' or state == 'submitted' or state == 'approved' or
    state == 'scheduled' or state == 'missed'
end

-- Who needs it: [segment …], [campaign, state …] of those that are not launched yet
function segments.users(name)
  local inside, campaigns = {}, {}
  for _, other in ipairs(call('SMEMBERS', K.names .. 'segment')) do
    if segments.has(call('HGET', K.segment .. other, 'uses'), name) then inside[#inside + 1] = other end
  end
  local names = call('HGETALL', K.names .. 'campaign')
  for i = 1, #names, 2 do
    local v = call('HMGET', K.campaign .. names[i + 1], 'segments', 'state', 'due_s')
    if (segments.is_waiting(v[2]) or v[3]) and segments.has(v[1], name) then
      campaigns[#campaigns + 1], campaigns[#campaigns + 2] = names[i], v[2]
    end
  end
  return inside, campaigns
end

-- ['used', 'segment' or 'campaign', its name, state or ''], or nil
function segments.used(name)
  local inside, campaigns = segments.users(name)
  table.sort(inside)
  if inside[1] then return { 'used', 'segment', inside[1], '' } end
  if campaigns[1] then return { 'used', 'campaign', campaigns[1], campaigns[2] } end
end

-- [name, list, query, unit of a new one, list's key, author, names in the query joined by '\n'] → ['saved']
-- ['no list'] ['inside', name]: a name that leads back to it
-- ['used' …]: it would change its list under somebody
function segments.save(_, a)
  if call('EXISTS', a[5]) == 0 then return { 'no list' } end
  local key, names = K.segment .. a[1], {}
  local function is_it(inside) return inside == a[1] end
  for name in string.gmatch(a[7] or '', '[^\n]+') do names[#names + 1] = name end
  if segments.walk(names, is_it) then
    for _, name in ipairs(names) do
      if segments.walk({ name }, is_it) then return { 'inside', name } end
    end
  end
  local was = call('HGET', key, 'list')
  local used = was and was ~= a[2] and segments.used(a[1])
  if used then return used end
  local t = clock()
  if not was then call('HSET', key, 'unit', a[4]) end
  call('HSET', key, 'list', a[2], 'query', a[3], 'author', a[6] or '',
    'uses', a[7] or '', 'saved_s', int(floor(t.ms / 1000)))
  call('SADD', K.names .. 'segment', a[1])
  return { 'saved' }
end

-- [name] → [unit, author, saved_s, [segment …], [campaign, state …], [name, list, query …]], or nil
function segments.show(_, a)
  local v = call('HMGET', K.segment .. a[1], 'list', 'unit', 'author', 'saved_s')
  if not v[1] then return nil end
  local inside, campaigns = segments.users(a[1])
  return { v[2] or '', v[3] or '', v[4] or '0', inside, campaigns, segments.get(nil, a) }
end

-- [name] → ['removed'], ['none'], ['used' …]
function segments.rm(_, a)
  if call('EXISTS', K.segment .. a[1]) == 0 then return { 'none' } end
  local used = segments.used(a[1])
  if used then return used end
  call('DEL', K.segment .. a[1])
  call('SREM', K.names .. 'segment', a[1])
  return { 'removed' }
end

