-- SPDX-License-Identifier: MIT
-- Accounts: units, users, API tokens, sessions, and who sees what.
--
-- A unit is "PARENT MS NAME" in one hash, by its number; the root is 1 and always there. One that
-- was removed is "- MS NAME": its number is not given again. A user's record has beside each field
-- F the field at:F, when it was said (ms): a change that is told again after Redis came back older
-- never undoes a later one. A token that was revoked stays as a note for a day for the same reason.
-- What is said now is later than all before, also where the clock was set back meanwhile. What roles
-- and rights mean is not known here.

local account = { depth = 16, touch_ms = 60000, gone_s = 86400,
  -- wrong passwords in a row before one must wait: of a user from an address, of a user, of an address
  tries = { { 'user@address', 5 }, { 'user', 50 }, { 'address', 100 } },
  user_fields = { 'display', 'unit', 'roles', 'personal', 'phone', 'state', 'must_change' } }

-- When it is said, ms: a call that is told again says itself; else now, but after those (ms or nil).
function account.said(at, t, ...)
  if at ~= '' then return tonumber(at), true end
  local ms = t.ms
  for i = 1, select('#', ...) do ms = math.max(ms, (tonumber((select(i, ...))) or -1) + 1) end
  return ms, false
end

-- ---- units ----

function account.unit(text)
  local parent, ms, name = string.match(text or '', '^(%S+) (%d+) (.*)$')
  return tonumber(parent), name, tonumber(ms)
end

function account.parent(id)
  if id == 1 then return 0, (select(2, account.unit(call('HGET', K.units, '1')))) or '' end
  return account.unit(call('HGET', K.units, int(id)))
end

-- The unit and all above it → set of numbers
function account.path(id)
  local out, at = {}, id
  for _ = 1, account.depth do
    out[at] = true
    at = account.parent(at)
    if not at or at == 0 then break end
  end
  return out
end

-- Numbers of all units that are there → parent, name
function account.all()
  local out, v = { [1] = { 0, '' } }, call('HGETALL', K.units)
  for i = 1, #v, 2 do
    local parent, name = account.unit(v[i + 1])
    if parent then out[tonumber(v[i])] = { parent, name } end
  end
  return out
end

-- of: a function of a unit's number: is it top or below?
function account.under(all, top)
  local known = { [top] = true }
  return function(id)
    local way, at = {}, id
    while known[at] == nil do
      way[#way + 1] = at
      at = all[at] and #way < account.depth and all[at][1] or 0
      if at == 0 then known[0] = top == 1 end
    end
    for _, one in ipairs(way) do known[one] = known[at] end
    return known[id]
  end
end

-- A number or a name → number, or nil and why
function account.find(word)
  local all = account.all()
  if all[tonumber(word)] then return tonumber(word) end
  local found
  for id, v in pairs(all) do
    if v[2] == word and found then return nil, 'several' end
    if v[2] == word then found = id end
  end
  return found, 'none'
end

-- [word …] → [number, or 'none' or 'several' …]. Reads only.
function account.unit_find(_, a)
  local out = {}
  for i, word in ipairs(a) do
    local id, why = account.find(word)
    out[i] = id or why
  end
  return out
end

-- [unit, other …] → which of the others is neither the unit nor below or above it, the first from 1;
-- 0 = none. Reads only.
function account.unit_outside(_, a)
  local unit, path = tonumber(a[1]), account.path(tonumber(a[1]))
  for i = 2, #a do
    local other = tonumber(a[i])
    if not path[other] and not account.path(other)[unit] then return i - 1 end
  end
  return 0
end

-- [top] → [[id, parent, name, users] …] of the units from top down, by number. Reads only.
function account.unit_ls(_, a)
  local all, ids, users, out = account.all(), {}, {}, {}
  local is_under = account.under(all, tonumber(a[1]))
  for _, name in ipairs(call('SMEMBERS', K.users)) do
    local unit = call('HGET', K.user .. name, 'unit')
    users[unit] = (users[unit] or 0) + 1
  end
  for id in pairs(all) do if is_under(id) then ids[#ids + 1] = id end end
  table.sort(ids)
  for i, id in ipairs(ids) do out[i] = { id, all[id][1], all[id][2], users[int(id)] or 0 } end
  return out
end

-- What it is for the names of its siblings and its place → nil, or why it cannot be
function account.unit_refused(all, id, parent, name)
  if not all[parent] then return { 'no parent' } end
  if account.under(all, id)(parent) then return { 'ring' } end
  local n, at = 0, parent
  while at ~= 0 and n < account.depth do n, at = n + 1, all[at][1] end
  if n >= account.depth - 1 then return { 'deep' } end
  for other, v in pairs(all) do
    if other ~= id and v[1] == parent and v[2] == name then return { 'name taken', other } end
  end
end

-- [at or '', act, id or '' = the next, name or '' as it is, parent or '' as it is, new or old]
--   → ['done', ms, id] or why not: ['none'] ['known'] ['no parent'] ['ring'] ['deep'] ['name taken', id]
function account.unit_put(_, a)
  local t, all, id = clock(), account.all(), tonumber(a[3])
  local done = a[2] ~= '' and a[1] == '' and call('GET', K.idempotency .. 'unit:' .. a[2])
  if done then return { 'done', int(t.ms), tonumber(done) } end
  if not id then
    id = math.max(tonumber(call('HGET', K.seq, 'unit')) or 1, 1) + 1
    while call('HEXISTS', K.units, int(id)) == 1 do id = id + 1 end
  end
  local was = call('HGET', K.units, int(id))
  local parent, name, since = account.unit(was)
  local ms, is_again = account.said(a[1], t, since)
  if id == 1 then parent = 0 end
  if is_again and since and since >= ms then return { 'done', int(ms), id } end
  if not is_again then
    if a[6] == 'new' and was then return { 'known' } end
    if a[6] ~= 'new' and not parent then return { 'none' } end
  end
  parent, name = tonumber(a[5]) or parent, a[4] ~= '' and a[4] or name or ''
  if not parent then return { 'none' } end
  local why = not is_again and id ~= 1 and account.unit_refused(all, id, parent, name)
  if why then return why end
  if id == 1 then parent = 0 end
  call('HSET', K.units, int(id), int(parent) .. ' ' .. int(ms) .. ' ' .. name)
  if id > (tonumber(call('HGET', K.seq, 'unit')) or 1) then call('HSET', K.seq, 'unit', int(id)) end
  if a[2] ~= '' then call('SET', K.idempotency .. 'unit:' .. a[2], int(id), 'EX', 3600) end
  return { 'done', int(ms), id }
end

-- What a unit has → a word and a name, or nil
function account.owns(id, list_prefix, lists_key)
  local unit, all = int(id), account.all()
  for other, v in pairs(all) do if v[1] == id then return 'unit', all[other][2] end end
  for _, name in ipairs(call('SMEMBERS', K.users)) do
    if call('HGET', K.user .. name, 'unit') == unit then return 'user', name end
  end
  for _, name in ipairs(call('SMEMBERS', lists_key)) do
    if call('HGET', list_prefix .. name, 'unit') == unit then return 'list', name end
  end
  for _, kind in ipairs({ 'segment', 'template' }) do
    for _, name in ipairs(call('SMEMBERS', K.names .. kind)) do
      if call('HGET', K[kind] .. name, 'unit') == unit then return kind, name end
    end
  end
  local v = call('HGETALL', K.names .. 'campaign')
  for i = 1, #v, 2 do
    if call('HGET', K.campaign .. v[i + 1], 'unit') == unit then return 'campaign', v[i] end
  end
end

-- [at or '', id, prefix of lists' keys, key of their names] → ['done', ms] ['none'] ['root']
--   ['owns', what, name]
function account.unit_rm(_, a)
  local t, id = clock(), tonumber(a[2])
  local parent, name, since = account.unit(call('HGET', K.units, a[2]))
  local ms, is_again = account.said(a[1], t, since)
  if id == 1 then return { 'root' } end
  if not since and not is_again then return { 'none' } end
  if not parent and since or is_again and since and since >= ms then return { 'done', int(ms) } end
  if not is_again then
    local what, whose = account.owns(id, a[3], a[4])
    if what then return { 'owns', what, whose } end
  end
  call('HSET', K.units, a[2], '- ' .. int(ms) .. ' ' .. (name or ''))
  return { 'done', int(ms) }
end

-- [at or '', unit, list, segment, template or campaign, its name, prefix of lists' keys]
--   → ['done', ms] ['none']: no such thing ['no unit']. It is the unit's from now on; a run keeps the
-- one that it was launched for.
function account.unit_give(_, a)
  local t, key = clock(), nil
  if a[3] == 'list' then key = a[5] .. a[4]
  elseif a[3] == 'campaign' then
    local id = campaign_id(nil, { a[4] })
    key = id and K.campaign .. id
  else key = K[a[3]] .. a[4] end
  if not key or call('EXISTS', key) == 0 then return { 'none' } end
  if not account.parent(tonumber(a[2])) then return { 'no unit' } end
  local said = tonumber(call('HGET', key, 'at:unit')) or -1
  local ms = account.said(a[1], t, said)
  if said < ms then
    call('HSET', key, 'unit', a[2], 'at:unit', int(ms))
  end
  return { 'done', int(ms) }
end

-- ---- users ----

function account.latest(said)
  local ms = -1
  for _, one in pairs(said) do ms = math.max(ms, one) end
  return ms
end

-- [at or '', act, new or old, name, field, value …] → ['done', ms] ['known'] ['none'] ['no unit']
-- A new password and another state end the sessions from before.
function account.user_put(_, a)
  local t, key, said, ends = clock(), K.user .. a[4], {}, false
  for i = 5, #a, 2 do said[i] = tonumber(call('HGET', key, 'at:' .. a[i])) or -1 end
  local ms, is_again = account.said(a[1], t, account.latest(said))
  local made_by = call('HGET', key, 'made_by')
  if not is_again then
    if a[3] == 'new' and made_by and made_by ~= a[2] then return { 'known' } end
    if a[3] ~= 'new' and not made_by then return { 'none' } end
    for i = 5, #a, 2 do
      if a[i] == 'unit' and not account.parent(tonumber(a[i + 1])) then return { 'no unit' } end
    end
  end
  if a[3] == 'new' and not made_by then call('HSET', key, 'made_by', a[2], 'created_ms', int(ms)) end
  for i = 5, #a, 2 do
    if said[i] < ms then
      call('HSET', key, a[i], a[i + 1], 'at:' .. a[i], int(ms))
      ends = ends or ((a[i] == 'password' or a[i] == 'state') and a[3] ~= 'new')
    end
  end
  if ends then call('HINCRBY', key, 'epoch', 1) end
  call('SADD', K.users, a[4])
  return { 'done', int(ms) }
end

function account.user_row(name)
  local v = call('HMGET', K.user .. name, 'created_ms', unpack(account.user_fields))
  local out = { name }
  for i = 1, #account.user_fields + 1 do out[i + 1] = v[i] or '' end
  return out
end

-- [top] → [[name, created ms, display, unit, roles, personal, phone, state, must change] …] of the
-- users of top and below, by name. Reads only.
function account.user_ls(_, a)
  local is_under, names, out = account.under(account.all(), tonumber(a[1])), {}, {}
  for _, name in ipairs(call('SMEMBERS', K.users)) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local row = account.user_row(name)
    if is_under(tonumber(row[4]) or 0) then out[#out + 1] = row end
  end
  return out
end

-- [name] → as a row of user_ls, or nil. Reads only.
function account.user_get(_, a)
  if call('EXISTS', K.user .. a[1]) == 0 then return nil end
  return account.user_row(a[1])
end

-- ---- deputies ----
--
-- A user's "deputy_of" is "USER SINCE UNTIL" (s): in whose place he may sign then; '' = nobody's.

-- → of whom, since, until, or nil
function account.deputy(text)
  local of, since, till = string.match(text or '', '^(%S+) (%d+) (%d+)$')
  return of, tonumber(since), tonumber(till)
end

-- Is the unit this one's, or below it?
function account.is_within(unit, top) return top == 1 or account.path(unit)[top] == true end

-- [at or '', act, deputy, of whom, since s, until s] → as user_put, or ['outside'] his unit is not below,
-- ['taken', of whom] he is another's until then
function account.deputy_put(_, a)
  local t, is_again = clock(), a[1] ~= ''
  if not is_again then
    local to = call('HMGET', K.user .. a[3], 'unit', 'deputy_of')
    local of_unit = call('HGET', K.user .. a[4], 'unit')
    if not to[1] or not of_unit then return { 'none' } end
    if not account.is_within(tonumber(to[1]), tonumber(of_unit)) then return { 'outside' } end
    local of, _, till = account.deputy(to[2])
    if of and of ~= a[4] and till * 1000 > t.ms then return { 'taken', of } end
  end
  return account.user_put(nil, { a[1], a[2], 'old', a[3], 'deputy_of', a[4] .. ' ' .. a[5] .. ' ' .. a[6] })
end

-- [at or '', act, deputy, of whom or '' = whoever it is] → as user_put
function account.deputy_rm(_, a)
  local of = account.deputy(call('HGET', K.user .. a[3], 'deputy_of'))
  if a[1] == '' and (not of or a[4] ~= '' and of ~= a[4]) then return { 'none' } end
  return account.user_put(nil, { a[1], a[2], 'old', a[3], 'deputy_of', '' })
end

-- [top] → [[deputy, of whom, since s, until s] …] of the users of top and below, those that are not over.
-- Reads only.
function account.deputy_ls(_, a)
  local t, is_under, names, out = clock(), account.under(account.all(), tonumber(a[1])), {}, {}
  for _, name in ipairs(call('SMEMBERS', K.users)) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local v = call('HMGET', K.user .. name, 'unit', 'deputy_of')
    local of, since, till = account.deputy(v[2])
    if of and till * 1000 > t.ms and is_under(tonumber(v[1]) or 0) then out[#out + 1] = { name, of, since, till } end
  end
  return out
end

-- In whose place a user may sign now → his name and roles, or nothing
function account.signs_for(text, mine, t)
  local of, since, till = account.deputy(text)
  if not of or t.ms < since * 1000 or t.ms >= till * 1000 then return end
  local v = call('HMGET', K.user .. of, 'state', 'unit', 'roles')
  if v[1] ~= 'active' or not account.is_within(mine, tonumber(v[2]) or 0) then return end
  return of, v[3] or ''
end

-- ---- tokens ----

-- [at or '', id, user, name, rights, hash, until s or 0] → ['done', ms] ['none']: no such user
function account.token_put(_, a)
  local t, key = clock(), K.token .. a[2]
  local ms = tonumber(a[1]) or t.ms
  if a[1] == '' and call('EXISTS', K.user .. a[3]) == 0 then return { 'none' } end
  if call('EXISTS', key) == 0 then
    call('HSET', key, 'user', a[3], 'name', a[4], 'rights', a[5], 'hash', a[6], 'until_s', a[7],
      'created_ms', int(ms))
    call('SADD', K.tokens, a[2])
  end
  return { 'done', int(ms) }
end

-- [at or '', id] → ['done', ms] ['none']
function account.token_rm(_, a)
  local t, key = clock(), K.token .. a[2]
  local ms = tonumber(a[1]) or t.ms
  local v = call('HMGET', key, 'user', 'gone_ms')
  if a[1] == '' and not v[1] then return { 'none' } end
  if not v[2] then
    call('HSET', key, 'gone_ms', int(ms))
    call('HDEL', key, 'hash')
    call('EXPIRE', key, account.gone_s)
  end
  call('SREM', K.tokens, a[2])
  return { 'done', int(ms) }
end

-- [top] → [[id, user, name, rights, until s, created ms, used ms] …] of the users of top and below.
-- Reads only.
function account.token_ls(_, a)
  local is_under, ids, out = account.under(account.all(), tonumber(a[1])), {}, {}
  for _, id in ipairs(call('SMEMBERS', K.tokens)) do ids[#ids + 1] = id end
  table.sort(ids)
  for _, id in ipairs(ids) do
    local v = call('HMGET', K.token .. id, 'user', 'name', 'rights', 'until_s', 'created_ms', 'used_ms')
    local unit = v[1] and tonumber(call('HGET', K.user .. v[1], 'unit'))
    if unit and is_under(unit) then
      out[#out + 1] = { id, v[1], v[2] or '', v[3] or '', v[4] or '0', v[5] or '0', v[6] or '0' }
    end
  end
  return out
end

-- ---- passwords and sessions ----

function account.tries_keys(user, address)
  return { K.tries .. user .. '@' .. address, K.tries .. user .. '@', K.tries .. '@' .. address }
end

-- [user, address] → ['wait', seconds], or ['go', password, state, must change, unit, seconds that one
-- must wait from now on if this is wrong]. Each try counts until it was the right one.
function account.try(_, a)
  local t, keys = clock(), account.tries_keys(a[1], a[2])
  local wait, next_wait = 0, 0
  for _, key in ipairs(keys) do
    wait = math.max(wait, (tonumber(call('HGET', key, 'till')) or 0) - t.ms)
  end
  if wait > 0 then return { 'wait', math.ceil(wait / 1000) } end
  for i, key in ipairs(keys) do
    local n = call('HINCRBY', key, 'n', 1)
    local over = n - account.tries[i][2]
    if over >= 0 then
      local ms = math.min(3600, 60 * 2 ^ math.min(over, 6)) * 1000
      call('HSET', key, 'till', int(t.ms + ms))
      next_wait = math.max(next_wait, ms / 1000)
    end
    call('EXPIRE', key, 86400)
  end
  local v = call('HMGET', K.user .. a[1], 'password', 'state', 'must_change', 'unit')
  return { 'go', v[1] or '', v[2] or '', v[3] or '', v[4] or '', next_wait }
end

-- [user, address] → 1. It was the right one.
function account.right(_, a)
  local keys = account.tries_keys(a[1], a[2])
  local others = tonumber(call('HINCRBY', keys[3], 'n', -1))
  call('HDEL', keys[3], 'till')
  if others <= 0 then call('DEL', keys[3]) end
  call('DEL', keys[1], keys[2])
  return 1
end

-- [id, user, hash, longest ms, idle ms] → ['done', until ms] ['none']
function account.session_put(_, a)
  local t, key = clock(), K.session .. a[1]
  local user = call('HMGET', K.user .. a[2], 'state', 'epoch')
  if user[1] ~= 'active' then return { 'none' } end
  local till = t.ms + tonumber(a[4])
  call('HSET', key, 'user', a[2], 'hash', a[3], 'began_ms', int(t.ms), 'seen_ms', int(t.ms),
    'until_ms', int(till), 'epoch', user[2] or '0')
  call('PEXPIRE', key, tonumber(a[4]))
  return { 'done', int(till) }
end

-- [id] → 1
function account.session_end(_, a)
  call('DEL', K.session .. a[1])
  return 1
end

-- ---- who may ----

-- o: it is of the unit or below; a: of one above it; f: another's
function account.letter(unit, mine, above)
  if account.path(unit)[mine] or mine == 1 then return 'o' end
  return above[unit] and 'a' or 'f'
end

function account.unit_of(kind, name, list_prefix)
  if kind == 'list' then
    local v = call('HMGET', list_prefix .. name, 'id', 'unit')
    return v[1] and (tonumber(v[2]) or 1)
  elseif kind == 'segment' or kind == 'template' or kind == 'user' then
    local key = K[kind] .. name
    return call('EXISTS', key) == 1 and (tonumber(call('HGET', key, 'unit')) or 1)
  elseif kind == 'campaign' then
    local id = campaign_id(nil, { name })
    return id and (tonumber(call('HGET', K.campaign .. id, 'unit')) or 1)
  elseif kind == 'run' then
    local v = call('HMGET', K.run .. name, 'state', 'unit')
    return v[1] and (tonumber(v[2]) or 1)
  elseif kind == 'unit' then
    return account.find(name)
  elseif kind == 'token' then
    local v = call('HMGET', K.token .. name, 'user', 'gone_ms')
    return v[1] and not v[2] and account.unit_of('user', v[1])
  elseif kind == 'freeze' then
    local f = hours.freeze_get(name)
    return f and f.unit
  elseif kind == 'alert' then
    local r = call('HGET', K.alerts, name)
    return r and cjson.decode(r).unit
  elseif kind == 'root' then
    return 1
  end
end

-- A letter for an object: - = there is none. `use` is a segment of which the rows are used: s = its
-- list is another unit's.
function account.look(kind, name, list_prefix, mine, above)
  local unit = account.unit_of(kind == 'use' and 'segment' or kind, name, list_prefix)
  if not unit then return '-' end
  local letter = account.letter(unit, mine, above)
  if kind ~= 'use' or letter == 'f' then return letter end
  local list = call('HGET', K.segment .. name, 'list') or ''
  local owner = account.unit_of('list', list, list_prefix)
  return owner and account.letter(owner, mine, above) ~= 'o' and 's' or 'o'
end

-- A token's or a session's → user, name of the token, its rights; or nil and why
function account.credential(a, t)
  if a[1] == 'token' then
    local v = call('HMGET', K.token .. a[2], 'user', 'hash', 'gone_ms', 'until_s', 'name', 'rights',
      'used_ms')
    if not v[1] or v[3] or v[2] ~= a[3] then return nil, 'unknown' end
    if (tonumber(v[4]) or 0) > 0 and t.ms >= tonumber(v[4]) * 1000 then return nil, 'expired' end
    return v[1], v[5], v[6], 0, K.token .. a[2], 'used_ms', tonumber(v[7]) or 0
  end
  local v = call('HMGET', K.session .. a[2], 'user', 'hash', 'epoch', 'seen_ms', 'until_ms')
  if not v[1] or v[2] ~= a[3] then return nil, 'unknown' end
  if t.ms >= tonumber(v[5]) then return nil, 'ended' end
  if t.ms - tonumber(v[4]) >= tonumber(a[4]) then return nil, 'idle' end
  if (v[3] or '0') ~= (call('HGET', K.user .. v[1], 'epoch') or '0') then return nil, 'changed' end
  return v[1], '', '', 1, K.session .. a[2], 'seen_ms', tonumber(v[4])
end

-- [token or session, id, hash, idle ms, prefix of lists' keys, 1 = which units are below, kind, name …]
--   → ['no', why], or ['ok', user, display, unit, roles, personal, is it a session, token's name, its
--   rights, units above, units below or 'all', a letter an object; and if he may sign in another's place,
--   his name and roles]. Writes only, once a minute, that
--   it was used.
function account.facts(_, a)
  local t = clock()
  local user, name, rights, is_session, key, field, used = account.credential(a, t)
  if not user then return { 'no', name } end
  local v = call('HMGET', K.user .. user, 'display', 'unit', 'roles', 'personal', 'state', 'deputy_of')
  if v[5] ~= 'active' then return { 'no', 'disabled' } end
  local mine = tonumber(v[2]) or 0
  local above, below, letters = account.path(mine), {}, {}
  above[mine] = nil
  if a[6] == '1' and mine ~= 1 then
    local all = account.all()
    local is_under = account.under(all, mine)
    for id in pairs(all) do if is_under(id) then below[#below + 1] = int(id) end end
  end
  for i = 7, #a, 2 do
    letters[#letters + 1] = account.look(a[i], a[i + 1], a[5], mine, above)
  end
  local over = {}
  for id in pairs(above) do over[#over + 1] = int(id) end
  if t.ms - used >= account.touch_ms then call('HSET', key, field, int(t.ms)) end
  return { 'ok', user, v[1] or '', int(mine), v[3] or '', v[4] or '', is_session, name, rights,
    table.concat(over, ','), mine == 1 and 'all' or table.concat(below, ','), table.concat(letters),
    account.signs_for(v[6], mine, t) }
end

export('unit_find', account.unit_find, { 'no-writes' })
export('unit_ls', account.unit_ls, { 'no-writes' })
export('unit_outside', account.unit_outside, { 'no-writes' })
export('unit_put', account.unit_put)
export('unit_give', account.unit_give)
export('unit_rm', account.unit_rm, ANYWAY)
export('user_ls', account.user_ls, { 'no-writes' })
export('user_get', account.user_get, { 'no-writes' })
export('user_put', account.user_put, ANYWAY)
export('deputy_ls', account.deputy_ls, { 'no-writes' })
export('deputy_put', account.deputy_put)
export('deputy_rm', account.deputy_rm, ANYWAY)
export('token_ls', account.token_ls, { 'no-writes' })
export('token_put', account.token_put)
export('token_rm', account.token_rm, ANYWAY)
export('login_try', account.try, ANYWAY)
export('login_right', account.right, ANYWAY)
export('session_put', account.session_put, ANYWAY)
export('session_end', account.session_end, ANYWAY)
export('account_facts', account.facts, ANYWAY)
