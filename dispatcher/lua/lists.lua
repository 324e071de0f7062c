-- SPDX-License-Identifier: MIT
-- Lists: what they are held for, back a version and forth, and their end.
local lists = { named_most = 20 }

-- Nothing of it will be sent any more, and no step of it is left.
function lists.is_over(campaign)
  local v = call('HMGET', K.campaign .. campaign, 'state', 'run')
  return (v[1] == 'finished' or v[1] == 'cancelled') and
    not (v[2] and call('ZSCORE', K.runs, v[2]))
end

-- Does a query ask who is in the list? Rather once too often.
function lists.is_asked(query, name)
  return string.find(string.lower(query), 'in_list', 1, true) and string.find(query, name, 1, true)
end

-- Who would miss the list → ["segment NAME", "campaign NAME" …, at most 20], how many they are,
-- numbers of its campaigns that are over. with_over: those would miss it, too.
function lists.users(name, with_over)
  local out, n, over = {}, 0, {}
  local function put(text)
    n = n + 1
    if n <= lists.named_most then out[n] = text end
  end
  local saved = call('SMEMBERS', K.names .. 'segment')
  table.sort(saved)
  for _, segment in ipairs(saved) do
    local v = call('HMGET', K.segment .. segment, 'list', 'query')
    if v[1] == name or lists.is_asked(v[2] or '', name) then put('segment ' .. segment) end
  end
  local names = call('HGETALL', K.names .. 'campaign')
  for i = 1, #names, 2 do
    local v = call('HMGET', K.campaign .. names[i + 1], 'list', 'lists')
    if v[1] == name or segments.has(v[2], name) then
      local is_over = lists.is_over(names[i + 1])
      if is_over then over[#over + 1] = names[i + 1] end
      if with_over or not is_over then put('campaign ' .. names[i]) end
    end
  end
  return out, n, over
end

function lists.versions(key)
  local out = {}
  for v = 1, tonumber(call('HGET', key, 'last') or call('HGET', key, 'version') or 0) do
    if call('HEXISTS', key, 'rows' .. v) == 1 then out[#out + 1] = tostring(v) end
  end
  return out
end

-- Its end: the record goes, a note that its rows are to be deleted stays until they are. Runs that
-- are over say from now on that their list is gone.
function lists.forget(name, key, names_key, gone_key, over)
  local now_s = int(floor(clock().ms / 1000))
  for _, campaign in ipairs(over) do
    for _, run in ipairs(series.runs(campaign)) do
      call('HSET', K.run .. run, 'list_gone_s', now_s, 'list_gone', name)
    end
  end
  call('SADD', gone_key, call('HGET', key, 'id'))
  call('DEL', key)
  call('SREM', names_key, name)
end

-- [undo or redo, list, its key, key of the names, its version now, key of the notes]
--   → ['ok', version, rows] ['removed': all it had] ['other', version]
--     ['none']: nothing to redo ['used', by whom]: nothing earlier, and it is needed
-- A version that was taken back stays: runs may have it, and redo brings it back.
function lists.undo(_, a)
  local key, from = a[3], a[5]
  local now = call('HGET', key, 'version')
  if now ~= from then return { 'other', now or '0' } end
  local to = call('HGET', key, (a[1] == 'undo' and 'previous' or 'next') .. from)
  if not to and a[1] == 'undo' then -- of a release that did not write it down
    local before = int(tonumber(from) - 1)
    to = call('HEXISTS', key, 'rows' .. before) == 1 and tostring(before)
  end
  to = to or '0'
  if a[1] == 'redo' and to == '0' then return { 'none' } end
  if to == '0' then
    local by = lists.users(a[2], true)
    if by[1] then return { 'used', by[1] } end
    lists.forget(a[2], key, a[4], a[6], {})
    return { 'removed' }
  end
  call('HSET', key, 'version', to)
  if a[1] == 'undo' then call('HSET', key, 'next' .. to, from) else call('HDEL', key, 'next' .. from) end
  return { 'ok', to, call('HGET', key, 'rows' .. to) or '0' }
end

-- [look or rm, list, its key, key of the names, key of the notes, its id]
--   → ['gone'] ['used', how many, versions, campaigns that are over, by whom …]
--     ['free', 0, versions, campaigns that are over] ['removed', 0, versions, …]
-- The id: another list of the same name is not the one that was meant.
function lists.rm(_, a)
  local id = call('HGET', a[3], 'id')
  if not id or id ~= a[6] then return { 'gone' } end
  local by, n, over = lists.users(a[2], false)
  local versions = #lists.versions(a[3])
  if n > 0 then return { 'used', n, versions, #over, unpack(by) } end
  if a[1] == 'look' then return { 'free', 0, versions, #over } end
  lists.forget(a[2], a[3], a[4], a[5], over)
  return { 'removed', 0, versions, #over }
end

-- [its key, its id, field, value …] → 1, or 0: it is not there any more. '' takes a field away.
function lists.set(_, a)
  if call('HGET', a[1], 'id') ~= a[2] then return 0 end
  for i = 3, #a, 2 do
    if a[i + 1] == '' then call('HDEL', a[1], a[i]) else call('HSET', a[1], a[i], a[i + 1]) end
  end
  return 1
end

export('list_undo', lists.undo)
export('list_rm', lists.rm, ANYWAY)
export('list_set', lists.set)
