"""The queries of the oracle: what each means is said where `tests.oracle.windows` asks it.

Braces are filled in by `str.format`: names of columns, conditions that were judged, and numbers.
"""

from __future__ import annotations

# A log record: newest is what it makes of its partition's newest position.
CLOCK = """
create or replace table clocked as
with control as (
  select *, case kind when 'tick' then least(append_ms, limit_ms) - header
            when 'close' then header + {ooo} + 1 end as said
  from records),
positioned as (
  select *, case when kind = 'event' then
      case when past then event_time else least(event_time, append_ms) end end as pos,
    case kind when 'event' then case when past then event_time else least(event_time, append_ms) end
              else case when past then said else least(said, append_ms) end end as reached
  from control),
seen as (
  select *, max(reached) over (partition by part order by off
                               rows between unbounded preceding and 1 preceding) as newest
  from positioned)
select *, case when newest is null then pos else greatest(pos, newest - {ooo}) end as due
from seen where kind = 'event';

create or replace table ordered as
select *, due > pos as late,
  row_number() over (order by due, pos, append_ms, part, off) as seq
from clocked;

-- The first copy of an identity and a content counts; the next that counts is the first beyond its dedup
-- window. One that counts uses its id again when another content of it counts so shortly before it.
create or replace table counted as
with recursive successor as (
  select a.seq, min(b.seq) as next_seq
  from ordered a join ordered b
    on a.c0 = b.c0 and a.event_id = b.event_id and a.content = b.content
    and b.seq > a.seq and b.due > a.due + {dedup}
  group by a.seq),
chain(seq) as (
  select min(seq) from ordered group by c0, event_id, content
  union all
  select s.next_seq from chain c join successor s on s.seq = c.seq)
select seq from chain;

create or replace table scored as
select o.* from ordered o semi join counted c on o.seq = c.seq;

create or replace table reused as
select distinct b.seq from scored a join scored b
  on a.c0 = b.c0 and a.event_id = b.event_id and a.content <> b.content
  and a.seq < b.seq and b.due <= a.due + {dedup};
"""

# What a hop sees of the events: where each lies on its clock.
EVENTS = "create or replace table events as select * replace ({pos} as pos) from scored"

# One hop. Position in a key's list is (pos, seq). `dropped_at` is the event after which an entry has
# max_entries newer ones beside it: that many arrived no earlier than it and stand after it.
HOP = """
create or replace table entries as
select seq, pos, due, amount_units, {key} as k,
  case when {retention} = 0 then due else greatest(pos, due - {lateness}) - {retention} end as unseen
from events where {key} is not null;

create or replace table drops as
with newer as (
  select x.seq, greatest(x.seq, y.seq) as since,
    row_number() over (partition by x.seq order by greatest(x.seq, y.seq)) as nth
  from entries x join entries y on x.k = y.k and (y.pos, y.seq) > (x.pos, x.seq))
select n.seq, n.since as dropped_at, x.pos, x.k
from newer n join entries x on x.seq = n.seq join entries d on d.seq = n.since
where n.nth = {max_entries} and x.pos > d.due - {held};

create or replace table views as
select e.seq as e, x.seq as x, e.pos as e_pos, x.pos as x_pos, e.due as e_due
from entries e join entries x on e.k = x.k and x.seq <= e.seq and x.pos <= e.pos
left join drops d on d.seq = x.seq
where x.seq = e.seq
   or (x.pos > e.unseen and (d.dropped_at is null or d.dropped_at >= e.seq));

create or replace table saturated as
select distinct e.seq from entries e join drops d on d.k = e.k and d.dropped_at < e.seq
where d.pos > e.unseen;
"""

# The members of a window or session of each event; `member` is false in a row kept for its event only.
WINDOW_MEMBERS = """
select v.e, v.x, v.x_pos > v.e_pos - {window} and {where} as member
from views v join events t on t.seq = v.x
"""

SESSION_MEMBERS = """
with candidates as (
  select v.e, v.x, v.e_pos, v.x_pos, {where} and v.x_pos > v.e_pos - {day} as fits
  from views v join events t on t.seq = v.x),
gaps as (
  select e, x, coalesce(lag(x_pos) over back, e_pos) - x_pos > {gap} as apart
  from candidates where fits window back as (partition by e order by x_pos desc, x desc)),
reached as (
  select e, x, bool_or(apart) over (partition by e order by x_pos desc, x desc
                                    rows between unbounded preceding and current row) as beyond
  from (select g.*, v.x_pos from gaps g join views v using (e, x)))
select c.e, c.x, coalesce(not r.beyond, false) as member
from candidates c left join reached r using (e, x)
"""

AGGREGATE = """
select m.e,
  count(*) filter (member) as n,
  list(t.{number}) filter (member and t.{number} is not null) as numbers,
  list(t.{number}) filter (member and m.x <> m.e and t.{number} is not null) as before,
  count(distinct t.{column}) filter (member) as different
from ({members}) m join events t on t.seq = m.x group by m.e
"""

FIRST_SEEN = """
with sights as (
  select t.seq, t.pos, t.due, t.{key} as k, t.{of} as v,
    max(t.pos) over (partition by t.{key}, t.{of} order by t.seq
                     rows between unbounded preceding and 1 preceding) as last_before
  from events t where t.{key} is not null and t.{of} is not null and {where}),
grouped as (
  select *, coalesce(last_before > greatest(pos, due - {lateness}) - {ttl}, false) as known,
    sum((not coalesce(last_before > greatest(pos, due - {lateness}) - {ttl}, false))::int) over (
      partition by k, v order by seq) as life
  from sights),
aged as (
  select *, min(pos) over (partition by k, v, life order by seq
                           rows between unbounded preceding and 1 preceding) as first
  from grouped)
select seq, case when known then greatest(0, pos - first) else 0 end from aged
"""

PREVIOUS = """
with latest as (
  select e.seq, arg_max(t.{of}, (t.pos, t.seq)) as value, max(t.pos) as pos,
    any_value(greatest(e.pos, e.due - {lateness})) as now
  from entries e join events t
    on t.{key} = e.k and t.seq < e.seq and t.{of} is not null and {where}
  group by e.seq)
select seq, value from latest where pos > now - {ttl}
"""
