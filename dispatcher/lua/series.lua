-- SPDX-License-Identifier: MIT
-- Campaigns that fire by a schedule: once for each occurrence, each time a run of its own.
--
-- The campaign's due_s is the next occurrence; the step that fires it, or gives it up, moves it on to the
-- one after it, which the caller has computed. So an occurrence is over with the step that speaks of it,
-- whoever else wants the same. An occurrence waits while the run before it has something to send, not for
-- receipts, which may never come: then that run goes on to its end beside the new one. loa:occurrences:ID has what became of each: score its time in s, member
-- "DUE run RUN", "DUE missed WHY"; of one that was put off "DUE@FIRST …", FIRST its own time.

local series = { KEPT = 1000, AHEAD_MAX_S = 2 * 366 * 86400, LATE_MAX_S = 3600 }

-- States in which its newest run speaks for the campaign.
series.FOLLOWS = { scheduled = true, running = true, paused = true, finished = true, cancelled = true }

-- The campaign goes with its newest run. One that has a next occurrence is scheduled when that run has
-- ended, and looked at at once: its time may have passed meanwhile.
function series.follow(run, state)
  local campaign = call('HGET', K.run .. run, 'campaign')
  if not campaign then return end
  local key = K.campaign .. campaign
  local v = call('HMGET', key, 'run', 'due_s', 'schedule', 'state')
  if v[3] and (v[1] ~= tostring(run) or not series.FOLLOWS[v[4]]) then return end
  if v[3] and state == 'finished' and call('HDEL', key, 'restored') == 1 then
    state = 'draft'
    approval.forget(key)
  elseif v[3] and v[2] and state == 'finished' then
    state = 'scheduled'
    call('ZADD', K.schedule, v[2], campaign)
    call('PUBLISH', K.tick, 'schedule')
  elseif v[3] and state == 'cancelled' then -- for good
    call('HDEL', key, 'due_s', 'first_s', 'waited_s')
    call('ZREM', K.schedule, campaign)
  end
  call('HSET', key, 'state', state)
end

-- Of a restored backup: its next occurrence may be over, in a run that is not known here. A person gives it
-- its schedule again, at the latest when the run that is under way has ended.
function series.restored(key)
  if call('HEXISTS', key, 'schedule') == 0 then return end
  if call('HDEL', key, 'due_s', 'first_s', 'waited_s') > 0 and call('HGET', key, 'state') ~= 'draft' then
    call('HSET', key, 'restored', 1)
  end
end

-- Is the occurrence over? → its run, 0 = it was missed, nil = it is not over.
function series.fired(campaign, due_s)
  local one = call('ZRANGEBYSCORE', K.occurrences .. campaign, due_s, due_s)[1]
  return one and (tonumber(string.match(one, '^[%d@]+ run (%d+)$')) or 0)
end

function series.note(campaign, due_s, first_s, what, count)
  local key = K.occurrences .. campaign
  call('ZADD', key, due_s, due_s .. (first_s and '@' .. first_s or '') .. ' ' .. what)
  for _, one in ipairs(call('ZRANGE', key, 0, -(series.KEPT + 1))) do
    local run = string.match(one, '^[%d@]+ run (%d+)$')
    if run then approval.forget_run(K.campaign .. campaign, run) end
    call('ZREM', key, one)
  end
  call('HINCRBY', K.campaign .. campaign, count, 1)
end

-- Without a further occurrence: finished, when its run is, or, if nobody was ever sent to, missed, for a person
-- to look at.
function series.ended(key, state)
  if state ~= 'scheduled' then return state end
  local run = call('HGET', key, 'run')
  if not run then return 'missed' end
  return call('HGET', K.run .. run, 'state') == 'running' and 'running' or 'finished'
end

-- The next one, '' = the rule has ended. state: what the campaign is meanwhile.
function series.move_on(campaign, state, next_s)
  local key = K.campaign .. campaign
  call('HDEL', key, 'first_s', 'waited_s', 'tried_s')
  if next_s and next_s ~= '' then
    call('HSET', key, 'state', state, 'due_s', next_s)
    call('ZADD', K.schedule, next_s, campaign)
  else
    call('HSET', key, 'state', series.ended(key, state))
    call('HDEL', key, 'due_s')
    call('ZREM', K.schedule, campaign)
  end
end

-- A run was launched. f: the fields of the launch: due_s, its occurrence; next_s, the one after it.
function series.launched(key, run, f)
  local campaign = sub(key, #K.campaign + 1)
  local v = call('HMGET', key, 'schedule', 'first_s')
  call('HSET', key, 'run', run)
  call('HDEL', key, 'problem', 'tried_s')
  if v[1] and f.due_s then
    series.note(campaign, f.due_s, v[2], 'run ' .. run, 'fired')
    series.move_on(campaign, 'running', f.next_s)
  else
    call('HSET', key, 'state', 'running')
    call('HDEL', key, 'due_s')
    call('ZREM', K.schedule, campaign)
  end
end

-- Nobody sent it and nobody will. next_s as in move_on.
function series.given_up(campaign, due_s, why, next_s)
  series.note(campaign, due_s, call('HGET', K.campaign .. campaign, 'first_s'), 'missed ' .. why, 'missed')
  series.move_on(campaign, 'scheduled', next_s)
end

-- [id, due s, later s] → 1, or 0: it is not scheduled for then. It keeps its own time as first_s.
function series.put_off(_, a)
  local key = K.campaign .. a[1]
  local v = call('HMGET', key, 'state', 'due_s', 'first_s')
  if v[1] ~= 'scheduled' or v[2] ~= a[2] then return 0 end
  call('HSET', key, 'due_s', a[3], 'first_s', v[3] or a[2])
  call('ZADD', K.schedule, a[3], a[1])
  return 1
end

-- [id, at most] → [fired, missed, [due s, its own time or '', run or '', why it was missed or ''] …], the
-- newest first.
function series.list(_, a)
  local v = call('HMGET', K.campaign .. a[1], 'fired', 'missed')
  local out = {}
  for i, one in ipairs(call('ZREVRANGE', K.occurrences .. a[1], 0, tonumber(a[2]) - 1)) do
    local due_s, first_s, what, text = string.match(one, '^(%d+)@?(%d*) (%l+) (.*)$')
    out[i] = { due_s, first_s, what == 'run' and text or '', what == 'missed' and text or '' }
  end
  return { tonumber(v[1]) or 0, tonumber(v[2]) or 0, out }
end

-- All runs of a campaign, the newest first.
function series.runs(campaign)
  local out = {}
  for _, one in ipairs(call('ZREVRANGE', K.occurrences .. campaign, 0, -1)) do
    out[#out + 1] = string.match(one, '^[%d@]+ run (%d+)$')
  end
  if #out == 0 then out[1] = call('HGET', K.campaign .. campaign, 'run') or nil end
  return out
end

-- [id, run] → what a campaign says of its run, of this one: [template_version, why, reason, why_by, why_s,
-- list_gone_s, list_gone], or nil: it is none of this campaign's.
function series.run(_, a)
  local key = K.run .. a[2]
  if call('HGET', key, 'campaign') ~= a[1] then return nil end
  local v = call('HMGET', key, 'template_version', 'why', 'reason', 'why_by', 'why_s', 'list_gone_s', 'list_gone')
  for i = 1, 7 do v[i] = v[i] or '' end
  return v
end

-- Has its series a newer run?
function series.is_older(run)
  local campaign = call('HGET', K.run .. run, 'campaign')
  local v = campaign and call('HMGET', K.campaign .. campaign, 'schedule', 'run') or {}
  return v[1] and v[2] and v[2] ~= tostring(run)
end

-- Nothing of its newest run is left to send, only receipts are awaited: an occurrence that waited for that
-- run is looked at again.
function series.sent(run)
  local campaign = call('HGET', K.run .. run, 'campaign')
  if not campaign then return end
  local v = call('HMGET', K.campaign .. campaign, 'schedule', 'due_s', 'run', 'state')
  if not v[1] or not v[2] or v[3] ~= tostring(run) or v[4] ~= 'running' then return end
  if call('ZADD', K.schedule, 'NX', v[2], campaign) == 1 then call('PUBLISH', K.tick, 'schedule') end
end

-- Its time has come while the run before it has something to send: it is looked at again when all of that is
-- sent, or the run has ended.
function series.wait(campaign, due_s)
  call('ZREM', K.schedule, campaign)
  call('HSET', K.campaign .. campaign, 'waited_s', int(due_s))
end
