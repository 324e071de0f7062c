-- SPDX-License-Identifier: MIT
-- Templates and campaigns: what staff write down before a run, and what becomes of lists.

-- [fingerprint of a table's titles, choices as JSON or ''] → 1. '' forgets them.
local choices_most = 500
local function choices_remember(_, a)
  if a[2] == '' then
    call('HDEL', K.choices, a[1])
    return 1
  end
  local is_new = call('HEXISTS', K.choices, a[1]) == 0
  if is_new and call('HLEN', K.choices) >= choices_most then
    call('HDEL', K.choices, call('HKEYS', K.choices)[1])
  end
  call('HSET', K.choices, a[1], a[2])
  return 1
end

-- [name, source, unit of a new one, languages, by] → [version, 1 = it is new]. The same set again is the same
-- version; a version never changes. languages: "vi,km", of the newest; records from before there
-- were sets have none and are Vietnamese.
local function template_save(_, a)
  local key = K.template .. a[1]
  local version = tonumber(call('HGET', key, 'version')) or 0
  if version > 0 and call('HGET', key, 'source' .. version) == a[2] then return { version, 0 } end
  local t = clock()
  version = version + 1
  if version == 1 then call('HSET', key, 'unit', a[3]) end
  call('HSET', key, 'version', version, 'source' .. version, a[2],
    'saved' .. version, int(floor(t.ms / 1000)), 'by' .. version, a[5] or '', 'languages', a[4] or 'vi')
  call('SADD', K.names .. 'template', a[1])
  return { version, 1 }
end

-- [idempotency key or '', name, template, segment names joined by '\n', field, value …]
--   → ['created'|'known', id] ['name taken'] ['no template'|'no segment', name]
--     ['other']: the key was used for another request
-- said: what the key stands for, if not for these arguments
local function campaign_create(_, a, said)
  local idem = a[1] ~= '' and K.idempotency .. a[1]
  local known = idem and call('GET', idem)
  said = idem and redis.sha1hex(said or table.concat(a, '\0', 2))
  if known then
    local id, before = string.match(known, '^(%d+):?(.*)$')
    if before ~= '' and before ~= said then return { 'other' } end
    return { 'known', tonumber(id) }
  end
  if call('HEXISTS', K.names .. 'campaign', a[2]) == 1 then return { 'name taken', a[2] } end
  if call('EXISTS', K.template .. a[3]) == 0 then return { 'no template', a[3] } end
  local lists, missing = segments.lists(a[4])
  if not lists then return { 'no segment', missing } end
  local t = clock()
  local id = call('HINCRBY', K.seq, 'campaign', 1)
  call('HSET', K.campaign .. id, 'name', a[2], 'template', a[3], 'segments', a[4], 'list', lists[1],
    'state', 'draft', 'created_s', int(floor(t.ms / 1000)), unpack(a, 5))
  if #lists > 1 then call('HSET', K.campaign .. id, 'lists', table.concat(lists, '\n')) end
  call('HSET', K.names .. 'campaign', a[2], id)
  if idem then call('SET', idem, id .. ':' .. said, 'EX', 172800) end
  return { 'created', id }
end

-- [id or name] → id or nil
local function campaign_id(_, a)
  if call('EXISTS', K.campaign .. a[1]) == 1 then return a[1] end
  return call('HGET', K.names .. 'campaign', a[1]) or nil
end

-- A field of a campaign; "run.NAME" is one of its newest run.
local function campaign_field(key, field)
  if sub(field, 1, 4) ~= 'run.' then return call('HGET', key, field) or '' end
  local run = call('HGET', key, 'run')
  return run and call('HGET', K.run .. run, sub(field, 5)) or ''
end

-- The texts of its segments: as they were submitted, or as they are now, with what stands inside of them.
function approval.queries(segment_lines, frozen)
  local names, queries, inside = {}, {}, {}
  for _, one in ipairs(frozen and frozen.segments or {}) do
    queries[#queries + 1], queries[#queries + 2] = one.name, one.query
    inside[#inside + 1], inside[#inside + 2], inside[#inside + 3] = one.name, one.list, one.query
  end
  if frozen then return queries, inside end
  for name in string.gmatch(segment_lines, '[^\n]+') do
    names[#names + 1] = name
    queries[#queries + 1] = name
    queries[#queries + 1] = call('HGET', K.segment .. name, 'query') or ''
  end
  return queries, segments.get(nil, names)
end

-- ['' or 'now', id or name, field …] → [id, template version, its source, [segment, query …], value …,
-- [segment, list, query …: these and all that stand inside of them]] or nil. Everything that
-- preview and launch need, as it is at one moment. Of what was submitted: the version and the texts
-- that were; with 'now' those that there are.
local function campaign_get(_, a)
  local id = campaign_id(nil, { a[2] })
  if not id then return nil end
  local key = K.campaign .. id
  local v = call('HMGET', key, 'template', 'segments')
  local frozen = a[1] ~= 'now' and approval.frozen(key) or nil
  local template = K.template .. (v[1] or '')
  local version = frozen and int(frozen.template.version) or call('HGET', template, 'version') or '0'
  local queries, inside = approval.queries(v[2] or '', frozen)
  local out = { id, version, call('HGET', template, 'source' .. version) or '', queries }
  for i = 3, #a do
    out[#out + 1] = sub(a[i], 1, 9) == 'template.' and
      (call('HGET', template, sub(a[i], 10) .. version) or '') or campaign_field(key, a[i])
  end
  out[#out + 1] = inside
  return out
end

-- [name, version or ''] → its source, or nil
local function template_get(_, a)
  local key = K.template .. a[1]
  local version = a[2] ~= '' and a[2] or call('HGET', key, 'version')
  return version and call('HGET', key, 'source' .. version) or nil
end

-- [name, version or ''] → [version, its source, saved_s, newest version], or nil
local function template_version(_, a)
  local key = K.template .. a[1]
  local newest = call('HGET', key, 'version')
  local version = a[2] ~= '' and a[2] or newest
  local source = version and call('HGET', key, 'source' .. version)
  if not source then return nil end
  return { version, source, call('HGET', key, 'saved' .. version) or '0', newest }
end

-- Is a record of one of the units "3,17"? '' = of any.
local function is_of(key, units)
  local unit = units ~= '' and (call('HGET', key, 'unit') or '1')
  return not unit or string.find(',' .. units .. ',', ',' .. unit .. ',', 1, true) ~= nil
end

-- [units or ''] → for each template in order [name, newest version, languages, when it was saved, unit]
local function template_ls(_, a)
  local names, out = {}, {}
  for _, name in ipairs(call('SMEMBERS', K.names .. 'template')) do
    if is_of(K.template .. name, a[1]) then names[#names + 1] = name end
  end
  table.sort(names)
  for i = 1, math.min(#names, 1000) do
    local key = K.template .. names[i]
    local version = call('HGET', key, 'version') or '0'
    out[i] = { names[i], version, call('HGET', key, 'languages') or 'vi',
      call('HGET', key, 'saved' .. version) or '0', call('HGET', key, 'unit') or '1' }
  end
  return out
end

-- [kind, units or '', field …] → for each name in order ['name', name, field, value …]
local function ls(_, a)
  local key = K.names .. a[1]
  local names, out = {}, {}
  if a[1] == 'campaign' then
    local v = call('HGETALL', key)
    for i = 1, #v, 2 do
      if is_of(K.campaign .. v[i + 1], a[2]) then names[#names + 1] = { v[i], v[i + 1] } end
    end
    table.sort(names, function(x, y) return tonumber(x[2]) < tonumber(y[2]) end)
  else
    for _, name in ipairs(call('SMEMBERS', key)) do
      if is_of(K[a[1]] .. name, a[2]) then names[#names + 1] = { name, name } end
    end
    table.sort(names, function(x, y) return x[1] < y[1] end)
  end
  for i = math.max(1, #names - 999), #names do
    local one = { 'name', names[i][1] }
    if names[i][2] ~= names[i][1] then
      one[3], one[4] = 'id', names[i][2]
    end
    for k = 3, #a do
      one[#one + 1] = string.match(a[k], '[^.]+$')
      one[#one + 1] = campaign_field(K[a[1]] .. names[i][2], a[k])
    end
    out[#out + 1] = one
  end
  return out
end
