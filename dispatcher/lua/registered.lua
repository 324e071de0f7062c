-- SPDX-License-Identifier: MIT
-- Brandnames and registered patterns: a hash each, id → the record as JSON. What a record
-- says is checked before it comes here.

local registered = { most = 2000 }

-- A new word at each change of the patterns: whoever has them compiled asks by it (since).
function registered.changed(kind)
  if kind ~= 'pattern' then return end
  local t = call('TIME')
  call('HSET', K.meta, 'patterns_changed', t[1] .. '.' .. t[2])
end

-- Only these two hashes are touched, whatever is asked.
function registered.key(kind)
  if kind == 'brandname' then return K.brandnames end
  if kind == 'pattern' then return K.patterns end
end

-- [kind, JSON of {id, record, id, record …}] → ['saved', new, changed, as they were] or
-- ['too many', how many there would be, most]. All or none.
function registered.save(_, a)
  local key = registered.key(a[1])
  local list = cjson.decode(a[2])
  local fresh, changed, same, seen = 0, 0, 0, {}
  for i = 1, #list, 2 do
    local before = call('HGET', key, list[i])
    if not before and not seen[list[i]] then fresh = fresh + 1
    elseif before == list[i + 1] then same = same + 1
    else changed = changed + 1 end
    seen[list[i]] = true
  end
  local n = call('HLEN', key) + fresh
  if fresh > 0 and n > registered.most then return { 'too many', n, registered.most } end
  for i = 1, #list, 2 do call('HSET', key, list[i], list[i + 1]) end
  if fresh + changed > 0 then registered.changed(a[1]) end
  return { 'saved', fresh, changed, same }
end

-- [kind, id] → 1, 0 when there is none
function registered.rm(_, a)
  local n = call('HDEL', registered.key(a[1]), a[2])
  if n > 0 then registered.changed(a[1]) end
  return n
end

-- [kind] → the records, by id. Reads only.
function registered.all(_, a)
  local key = registered.key(a[1])
  local ids, out = call('HKEYS', key), {}
  table.sort(ids)
  for i, id in ipairs(ids) do out[i] = call('HGET', key, id) end
  return out
end

-- [word of the last answer, '' = none] → [word] where no pattern has changed since then,
-- else [word, record …]. Reads only.
function registered.since(keys, a)
  local word = call('HGET', K.meta, 'patterns_changed') or 'never'
  if word == a[1] then return { word } end
  local out = registered.all(keys, { 'pattern' })
  table.insert(out, 1, word)
  return out
end

-- [campaign, what was checked]: its texts may be sent as they are
function registered.checked(_, a)
  local key = K.campaign .. a[1]
  if call('EXISTS', key) == 0 then return 0 end
  call('HSET', key, 'checked', a[2])
  return 1
end

export('registered_save', registered.save)
export('registered_rm', registered.rm)
export('registered_all', registered.all, { 'no-writes' })
export('registered_since', registered.since, { 'no-writes' })
export('campaign_checked', registered.checked)
