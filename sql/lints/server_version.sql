-- The server version has no known vulnerability that bypasses row-level security.
-- level: error
-- CVE-2023-2455: a plan keeps the policies of another role in an inlined function; CVE-2024-10976: also in subqueries.
-- CVE-2025-8713: statistics reveal values of rows that policies hide. Major versions that are not listed are not
-- affected.
with flaws as (
  select flaw.name, flaw.mended
  from (
    values
      ('CVE-2023-2455', array[130011, 140008, 150003]),
      ('CVE-2024-10976', array[130017, 140014, 150009, 160005, 170001]),
      ('CVE-2025-8713', array[130022, 140019, 150014, 160010, 170006])
  ) as flaw (name, mended)
),
server as (
  select current_setting('server_version_num')::integer as number, current_setting('server_version') as version
)
select
  'PostgreSQL ' || s.version as object,
  'row-level security can be bypassed: ' || string_agg(f.name, ', ' order by f.name) as problem,
  format('update to %s.%s or later', s.number / 10000, max(mended.number) % 10000) as remedy
from server s
cross join flaws f
join unnest(f.mended) as mended (number) on mended.number / 10000 = s.number / 10000
where s.number < mended.number
group by s.version, s.number
order by object
