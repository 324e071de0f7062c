-- SPDX-License-Identifier: MIT
-- The audit: a stream in which each entry's hash covers the hash of the entry before
-- it. The caller makes the entry and its hash for the head that it knows; it is taken
-- only if that is the head still. Entry number N has the stream id N-0. Never trimmed.

local audit = { page_most = 500 }

function audit.last()
  local v = call('HMGET', K.audit .. K.head, 'n', 'hash')
  if v[1] then return tonumber(v[1]), v[2] end
  -- No head: it is what the last entry says.
  local e = call('XREVRANGE', K.audit, '+', '-', 'COUNT', 1)[1]
  if not e then return 0, '' end
  return tonumber(string.match(e[1], '^%d+')), audit.field(e, 'hash')
end

function audit.field(e, name)
  for i = 1, #e[2], 2 do if e[2][i] == name then return e[2][i + 1] end end
  return ''
end

-- [] → [number of the last entry, its hash, the installation's key]
function audit.head(_, _)
  local n, hash = audit.last()
  return { n, hash, call('HGET', K.meta, 'install_key') or '' }
end

-- [n, hash of entry n - 1, entry, its hash] → ['done'], or ['moved', n, hash] the head that
-- there is. Asked again it answers the same.
function audit.append(_, a)
  local want = tonumber(a[1])
  local n, hash = audit.last()
  if n >= want then
    local e = call('XRANGE', K.audit, a[1] .. '-0', a[1] .. '-0')[1]
    if e and audit.field(e, 'hash') == a[4] then return { 'done' } end
  end
  if n ~= want - 1 or hash ~= a[2] then return { 'moved', n, hash } end
  call('XADD', K.audit, a[1] .. '-0', 'entry', a[3], 'hash', a[4])
  call('HSET', K.audit .. K.head, 'n', a[1], 'hash', a[4])
  return { 'done' }
end

-- [first number, or '' the newest, count] → [head's number, its hash, [id, entry, hash] …], by
-- number. Reads only.
function audit.page(_, a)
  local n, hash = audit.last()
  local count = math.min(tonumber(a[2]), audit.page_most)
  local list
  if a[1] ~= '' then
    list = call('XRANGE', K.audit, a[1] .. '-0', '+', 'COUNT', count)
  else
    local back = call('XREVRANGE', K.audit, '+', '-', 'COUNT', count)
    list = {}
    for i = #back, 1, -1 do list[#list + 1] = back[i] end
  end
  local out = { n, hash }
  for _, e in ipairs(list) do
    out[#out + 1] = { e[1], audit.field(e, 'entry'), audit.field(e, 'hash') }
  end
  return out
end

export('audit_head', audit.head, { 'no-writes' })
export('audit_append', audit.append, ANYWAY)
export('audit_page', audit.page, { 'no-writes' })
