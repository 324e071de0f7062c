-- SPDX-License-Identifier: MIT
-- A campaign before its launch: written down, submitted, approved or returned; and up to where
-- a run may spend of what was approved. Which act is allowed in which state says the table approval.ACTS
-- (dispatcher/store/campaign_acts.h); every step asks approval.may.
--
-- Of the campaign: "revision" grows with each edit, submit and return, so that who looks at an
-- older one is told who changed it. "frozen" (JSON) and "frozen_hash" are what was submitted;
-- while they are there, campaign_get tells the versions that they name. "authors", one a line:
-- who wrote it or submitted it. "approvals" (JSON): by whom. "ceiling": "PARTS VND" of a run;
-- "ceiling_all" of all runs of a schedule together since it was approved: those behind "spent_from", the
-- number of a run, and "spent_gone" of them, "PARTS VND", which loa:occurrences has no more.

-- What each level needs: that many approvers, none of whom is an author.
approval.LEVELS = { none = 0, ['second-person'] = 1, ['two-approvers'] = 2 }
approval.GONE = { 'approvals', 'approved_s', 'approved_level', 'ceiling', 'ceiling_all', 'spent_from', 'spent_gone' }

function approval.may(act, state)
  return state and string.find(' ' .. approval.ACTS[act].from .. ' ', ' ' .. state .. ' ', 1, true) ~= nil
end

function approval.has_line(lines, one)
  return lines and string.find('\n' .. lines .. '\n', '\n' .. one .. '\n', 1, true) ~= nil
end

approval.FIELDS = { 'state', 'revision', 'changed_by', 'changed_s', 'changed_act', 'acts', 'authors',
  'submitted_by', 'submitted_user', 'frozen_hash', 'approvals', 'ceiling', 'ceiling_all' }

-- a: [id, revision that is meant, id of the act, who, user or '' = nobody's name, …] → what is known of
-- the campaign; or nil and the answer:
--   ['done', state, revision] it was done before under this id, ['gone'],
--   ['state', state, who, s] not in this state, ['stale', revision, who, s, act] it was changed since
function approval.open(act, a)
  local key, v = K.campaign .. a[1], {}
  for i, value in ipairs(call('HMGET', key, unpack(approval.FIELDS))) do v[approval.FIELDS[i]] = value end
  v.key, v.revision = key, v.revision or '1'
  if not v.state then return nil, { 'gone' } end
  if v.acts and string.find(v.acts, a[3] .. ',', 1, true) then
    return nil, { 'done', v.state, tonumber(v.revision) }
  end
  local by, at = v.changed_by or '', tonumber(v.changed_s) or 0
  if not approval.may(act, v.state) then return nil, { 'state', v.state, by, at } end
  if v.revision ~= a[2] then
    return nil, { 'stale', tonumber(v.revision), by, at, v.changed_act or 'edit' }
  end
  return v
end

-- It was done: the state that it leads to, who did it, and the fields that go with it.
function approval.write(act, a, v, state, fields)
  local revision = tonumber(v.revision) + (act == 'approve' and 0 or 1)
  is_act_known(v.key, a[3]) -- from now on it is
  call('HSET', v.key, 'state', state, 'revision', int(revision), 'changed_by', a[4],
    'changed_s', int(floor(clock().ms / 1000)), 'changed_act', act, unpack(fields))
  call('PUBLISH', K.tick, 'campaign')
  return { 'done', state, revision }
end

-- Who wrote it, with this one.
function approval.authors(v, a)
  local one = a[5] ~= '' and a[5] or a[4]
  if approval.has_line(v.authors, one) then return v.authors end
  return v.authors and v.authors .. '\n' .. one or one
end

-- ---- edit ----

approval.OPTIONAL = { 'sensitive', 'speed', 'weight', 'canary_messages', 'canary_then', 'canary_after_s',
  'approval', 'newest', 'lists', 'schedule', 'late_s', 'late_then', 'smooth_until', 'finish_by' }

-- [… of open, template, segments joined by '\n', field, value …] → as open, or ['no template', name],
-- ['no segment', name], or ['has runs']: those of a schedule, which it is to have no more. What is not among the
-- fields is as if it was never said.
function approval.edit(_, a)
  local v, answer = approval.open('edit', a)
  if not v then return answer end
  if call('EXISTS', K.template .. a[6]) == 0 then return { 'no template', a[6] } end
  local lists, missing = segments.lists(a[7])
  if not lists then return { 'no segment', missing } end
  local has_schedule = false
  for i = 8, #a, 2 do has_schedule = has_schedule or a[i] == 'schedule' end
  if not has_schedule and call('HEXISTS', v.key, 'run') == 1 then return { 'has runs' } end
  call('HDEL', v.key, unpack(approval.OPTIONAL))
  local fields = { 'template', a[6], 'segments', a[7], 'list', lists[1], 'authors', approval.authors(v, a) }
  if #lists > 1 then
    fields[#fields + 1], fields[#fields + 2] = 'lists', table.concat(lists, '\n')
  end
  for i = 8, #a do fields[#fields + 1] = a[i] end
  return approval.write('edit', a, v, 'draft', fields)
end

-- ---- submit, approve, return ----

-- [… of open, what is submitted, its hash, "MESSAGES PARTS VND" as estimated] → as open
function approval.submit(_, a)
  local v, answer = approval.open('submit', a)
  if not v then return answer end
  call('HDEL', v.key, unpack(approval.GONE))
  return approval.write('submit', a, v, 'submitted', { 'frozen', a[6], 'frozen_hash', a[7], 'estimate', a[8],
    'submitted_by', a[4], 'submitted_user', a[5], 'submitted_s', int(floor(clock().ms / 1000)),
    'authors', approval.authors(v, a) })
end

-- Why he may not approve it at this level; nil = he may. whom: for whom he signs, '' = himself.
function approval.refused(v, list, level, user, whom)
  if level == 0 then return nil end
  if user == '' then return { 'nobody' } end
  if approval.has_line(v.authors, user) then return { 'author', user } end
  if whom ~= '' and approval.has_line(v.authors, whom) then return { 'author', whom } end
  for _, one in ipairs(list) do
    if one.user == user or one.user == whom or one.whom ~= '' and (one.whom == user or one.whom == whom) then
      return { 'again', one.s }
    end
  end
end

-- The lower of two ceilings "PARTS VND".
function approval.lower(one, other)
  if not one then return other end
  local p, c = string.match(one, '^(%d+) (%d+)$')
  local q, d = string.match(other, '^(%d+) (%d+)$')
  return int(math.min(tonumber(p), tonumber(q))) .. ' ' .. int(math.min(tonumber(c), tonumber(d)))
end

-- [… of open, hash of what he has seen, for whom he signs or '', level, ceiling "PARTS VND", reason, document,
--  name of its scan, its hash, ceiling of all runs together or ''] → as open; ['other']: something else was submitted; ['nobody']: not by a
-- user's name; ['author', name]; ['again', s]: he has approved it. One of two leaves it submitted.
function approval.approve(_, a)
  local v, answer = approval.open('approve', a)
  if not v then return answer end
  if v.frozen_hash ~= a[6] then return { 'other' } end
  local list, level = v.approvals and cjson.decode(v.approvals) or {}, approval.LEVELS[a[8]] or 2
  local why = approval.refused(v, list, level, a[5], a[7])
  if why then return why end
  local now_s = floor(clock().ms / 1000)
  list[#list + 1] = { by = a[4], user = a[5], whom = a[7], s = now_s, ceiling = a[9], reason = a[10],
    document = a[11], scan = a[12], sha256 = a[13] }
  local fields = { 'approvals', cjson.encode(list), 'ceiling', approval.lower(v.ceiling, a[9]) }
  if (a[14] or '') ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'ceiling_all', approval.lower(v.ceiling_all, a[14])
  end
  if #list < level then return approval.write('approve', a, v, 'submitted', fields) end
  for _, one in ipairs({ 'approved_s', int(now_s), 'approved_level', a[8], 'spent_from',
    call('HGET', K.seq, 'run') or '0' }) do fields[#fields + 1] = one end
  call('HDEL', v.key, 'note', 'note_by', 'note_s')
  return approval.write('approve', a, v, 'approved', fields)
end

-- [… of open, may he approve (0|1), note] → as open; ['not yours', who]: an author takes back what he has
-- submitted, nothing else.
function approval.send_back(_, a)
  local v, answer = approval.open('return', a)
  if not v then return answer end
  local is_his = v.submitted_user == a[5] and (a[5] ~= '' or v.submitted_by == a[4])
  if a[6] ~= '1' and not is_his then return { 'not yours', v.submitted_by or '' } end
  approval.forget(v.key)
  return approval.write('return', a, v, 'returned', { 'note', a[7], 'note_by', a[4],
    'note_s', int(floor(clock().ms / 1000)) })
end

-- Nothing is submitted or approved any more.
function approval.forget(key)
  call('HDEL', key, 'frozen', 'frozen_hash', 'estimate', 'submitted_by', 'submitted_user', 'submitted_s',
    unpack(approval.GONE))
end

-- ---- launch ----

-- May it be launched, by the fields that the launch brings? f: revision that was looked at, level that its
-- class needs, and the standing order that stands for it. → nil, or the answer; ['spent', 0]: the runs before
-- it have spent what was approved for all. Reads only.
function approval.launch_refused(key, f)
  local v = call('HMGET', key, 'revision', 'approved_s', 'approved_level', 'state')
  if v[4] == 'draft' then v[2] = false end
  if f.revision and f.revision ~= (v[1] or '1') then return { 'changed', 0 } end
  local has = approval.LEVELS[v[2] and v[3] or 'none'] or 0
  if not f.order and (approval.LEVELS[f.approval or 'none'] or 2) > has then return { 'not approved', 0 } end
  local _, is_spent = approval.run_ceiling(key)
  if is_spent then return { 'spent', 0 } end
end

-- What it was before it had a time.
function approval.unscheduled(key)
  return call('HEXISTS', key, 'approved_s') == 1 and approval.ACTS.unschedule.to or 'draft'
end

-- [id] → what was submitted: [the version's template source, [name, query …], [list, version …]], or nil
function approval.frozen(key)
  local v = call('HMGET', key, 'state', 'frozen')
  if not v[2] or v[1] == 'draft' or v[1] == 'returned' then return nil end
  return cjson.decode(v[2])
end

-- ---- the ceiling ----

-- What partners took of the run: parts, VND.
function approval.spent(run, prices)
  local parts, cost, t = 0, 0, 0
  for price in string.gmatch(prices or '', '%d+') do
    local v = call('HMGET', K.run .. run .. K.count, 'parts:' .. t, 'again:' .. t)
    local n = (tonumber(v[1]) or 0) + (tonumber(v[2]) or 0)
    parts, cost, t = parts + n, cost + n * tonumber(price), t + 1
  end
  return parts, cost
end

-- The ceiling of the campaign's next run, or nil: its own, and what its runs have left of that of all; and
-- whether they have left nothing, be it parts or money.
function approval.run_ceiling(key)
  local v = call('HMGET', key, 'ceiling', 'ceiling_all', 'spent_from', 'spent_gone')
  local p, c = string.match(v[2] or '', '^(%d+) (%d+)$')
  if not p then return v[1] or nil end
  local gone_p, gone_c = string.match(v[4] or '0 0', '^(%d+) (%d+)$')
  p, c = tonumber(p) - gone_p, tonumber(c) - gone_c
  for _, run in ipairs(series.runs(sub(key, #K.campaign + 1))) do
    if tonumber(run) > (tonumber(v[3]) or 0) then
      local parts, cost = approval.spent(run, call('HGET', K.run .. run, 'prices'))
      p, c = p - parts, c - cost
    end
  end
  return approval.lower(v[1] or nil, int(math.max(0, p)) .. ' ' .. int(math.max(0, c))), p <= 0 or c <= 0
end

-- A run of the campaign is forgotten by its occurrences: what it has spent is not.
function approval.forget_run(key, run)
  local v = call('HMGET', key, 'ceiling_all', 'spent_from', 'spent_gone')
  if not v[1] or tonumber(run) <= (tonumber(v[2]) or 0) then return end
  local parts, cost = approval.spent(run, call('HGET', K.run .. run, 'prices'))
  local p, c = string.match(v[3] or '0 0', '^(%d+) (%d+)$')
  call('HSET', key, 'spent_gone', int(p + parts) .. ' ' .. int(c + cost))
end

-- Is the ceiling reached? → what is to be told of it, or nil
function approval.reached(run, ceiling, prices)
  local most_parts, most_cost = string.match(ceiling or '', '^(%d+) (%d+)$')
  if not most_parts then return nil end
  local parts, cost = approval.spent(run, prices)
  local is_reached = parts > 0 and parts >= tonumber(most_parts) or cost > 0 and cost >= tonumber(most_cost)
  return is_reached and int(parts) .. ' of ' .. most_parts .. ' parts and ' .. int(cost) .. ' of ' ..
    most_cost .. ' VND that were approved are spent'
end

-- After counters have moved: a run that has spent what was approved pauses. delta: as in count_write.
-- What is on the wire then is sent all the same, and no more.
function approval.look(run, delta)
  local has_grown = false
  for name, n in pairs(delta) do
    local kind = sub(name, 1, 6)
    has_grown = has_grown or n > 0 and (kind == 'parts:' or kind == 'again:')
  end
  if not has_grown then return end
  local v = call('HMGET', K.run .. run, 'ceiling', 'state', 'over_s', 'prices')
  if not v[1] or v[2] ~= 'running' or v[3] then return end
  local why = approval.reached(run, v[1], v[4])
  if not why then return end
  set_state(run, 'paused', 'ceiling', why, 'the server')
  call('PUBLISH', K.tick, 'run')
end

-- A run that the ceiling has stopped and that has nothing left to send ends as others do; so does one that was
-- paused while a newer one of its series speaks for the campaign: people resume only that.
function approval.ceiling_end(run, r)
  if r.state ~= 'paused' then return end
  if call('HGET', K.run .. run, 'why') ~= 'ceiling' and not series.is_older(run) then return end
  if not is_over(K.run .. run, r) then return end
  set_state(run, 'running')
  r.state = 'running'
end

-- [run, more parts, more VND] → the ceiling as it would be then and what it stands against, or nil: it has none
function approval.raised(run, parts, cost)
  local v = call('HMGET', K.run .. run, 'ceiling', 'prices')
  local p, c = string.match(v[1] or '', '^(%d+) (%d+)$')
  if not p then return nil end
  return int(tonumber(p) + (tonumber(parts) or 0)) .. ' ' .. int(tonumber(c) + (tonumber(cost) or 0)), v[2]
end

-- A run may spend more, and so may all of its campaign together.
function approval.raise(run, ceiling, parts, cost)
  call('HSET', K.run .. run, 'ceiling', ceiling)
  local campaign = call('HGET', K.run .. run, 'campaign')
  local p, c = string.match(campaign and call('HGET', K.campaign .. campaign, 'ceiling_all') or '', '^(%d+) (%d+)$')
  if not p then return end
  call('HSET', K.campaign .. campaign, 'ceiling_all',
    int(tonumber(p) + (tonumber(parts) or 0)) .. ' ' .. int(tonumber(c) + (tonumber(cost) or 0)))
end

export('campaign_edit', approval.edit)
export('campaign_submit', approval.submit)
export('campaign_approve', approval.approve)
export('campaign_return', approval.send_back, ANYWAY)
