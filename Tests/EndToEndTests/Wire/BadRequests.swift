extension WireRequest {
    /// What every server refuses: each kind of refusal, at each endpoint that has it.
    static let refused = WireRequest.lines(
        #"""
        GET query
        POST query |
        GET query | query=
        GET query | query=   | time=1
        GET query | query=# only words | time=1
        GET query | query=up | time=x
        POST query | query=up | time=x
        GET query | query=up | time=now
        GET query | query=up | time=1700000000s
        GET query | query=up | time=2023-11-14
        GET query | query=up | time=2023-11-14T22:13:20
        GET query | query=up | time=2023-13-14T22:13:20Z
        GET query | query=up | time=2023-02-30T22:13:20Z
        GET query | query=up | time=2023-11-14 22:13:20Z
        GET query | query=up | time=2023-11-14T25:13:20Z
        GET query | query=up | time="1"
        GET query | query=up | time=1,5
        GET query | query=up | time=é<&>
        GET query | query=up | time=1 2
        GET query | query=up | timeout=x
        GET query | query=up | timeout=5 s
        GET query | query=up | timeout=1.5h
        GET query | query=up | timeout=1m1h
        GET query | query=up | timeout=-5m
        GET query | query=up | timeout=1e30
        GET query | query=up | timeout=Inf
        GET query | query=up | timeout=1s1s
        GET query | query=up | timeout=5M
        GET query | query=up{ | time=x
        GET query | query=up{ | timeout=x
        GET query | query=up | time=x | timeout=y
        GET query | query=up{
        GET query | query=up}
        GET query | query=up{job}
        GET query | query=up{job=}
        GET query | query=up{job=api}
        GET query | query=up{job="api"
        GET query | query=up{job="api",,}
        GET query | query=up{job=="api"}
        GET query | query=up{job=~"["}
        GET query | query=up{job=~"(?P<x"}
        GET query | query=up{job!~"*"}
        GET query | query=up{1a="b"}
        GET query | query={}
        GET query | query={job=""}
        GET query | query={job=~".*"}
        GET query | query={job!="x"}
        GET query | query=up{__name__="down"}
        GET query | query={__name__="a",__name__="b"}
        GET query | query=up[5m
        GET query | query=nope[5] | time=1700000300
        GET query | query=up[x]
        GET query | query=up[0]
        GET query | query=up[0s]
        GET query | query=up[-5m]
        GET query | query=up[5m][5m]
        GET query | query=up[5m:1m][1m]
        GET query | query=up[5m:x]
        GET query | query=up[5m:-1m]
        GET query | query=(1)[5m]
        GET query | query="a"[5m:1m]
        GET query | query=up offset
        GET query | query=up offset x
        GET query | query=up offset 5m offset 5m
        GET query | query=1 offset 5m
        GET query | query=(up) offset 5m
        GET query | query=up @
        GET query | query=up @ x
        GET query | query=up @ 1 @ 2
        GET query | query=up @ "a"
        GET query | query=up @ Inf
        GET query | query=up @ NaN
        GET query | query=1 @ 1
        GET query | query=rate(up)
        GET query | query=rate(up[5m]
        GET query | query=rate()
        GET query | query=rate(up[5m], 1)
        GET query | query=rate(1)
        GET query | query=rate("a")
        GET query | query=nosuchfunction(up)
        GET query | query=abs(up[5m])
        GET query | query=abs(1)
        GET query | query=vector(up)
        GET query | query=scalar(1)
        GET query | query=label_replace(up, "a", "b", "c")
        GET query | query=label_replace(up, 1, "b", "c", "d")
        GET query | query=histogram_quantile(up, up)
        GET query | query=histogram_quantile(0.5)
        GET query | query=clamp(up, 1)
        GET query | query=round(up, 1, 2)
        GET query | query=day_of_week(up, up)
        GET query | query=time(1)
        GET query | query=sum
        GET query | query=sum(
        GET query | query=sum()
        GET query | query=sum(1)
        GET query | query=sum(up[5m])
        GET query | query=sum("a")
        GET query | query=sum(up, up)
        GET query | query=sum by (job (up)
        GET query | query=sum by job (up)
        GET query | query=sum by (1) (up)
        GET query | query=sum by (job) by (x) (up)
        GET query | query=topk(up)
        GET query | query=topk("a", up)
        GET query | query=topk(1, 1)
        GET query | query=quantile(up, up)
        GET query | query=count_values(1, up)
        GET query | query=count_values("a")
        GET query | query=1 +
        GET query | query=+ 
        GET query | query=1 1
        GET query | query=up up
        GET query | query=1 == 1
        GET query | query=1 and 1
        GET query | query=up and 1
        GET query | query="a" + 1
        GET query | query="a" + "b"
        GET query | query=-"a"
        GET query | query=-up[5m]
        GET query | query=up + up[5m]
        GET query | query=up[5m] + 1
        GET query | query=up + bool up
        GET query | query=up and bool up
        GET query | query=1 + on (x) 2
        GET query | query=up + on up
        GET query | query=up + on (job) ignoring (x) up
        GET query | query=up and on (job) group_left up
        GET query | query=up + on (job) group_left (job) up
        GET query | query=up + group_left up
        GET query | query=up =~ "a"
        GET query | query=up = 1
        GET query | query=up ! up
        GET query | query=up && up
        GET query | query=(up
        GET query | query=up)
        GET query | query=()
        GET query | query="abc
        GET query | query='abc
        GET query | query=`abc
        GET query | query="\q"
        GET query | query="\xZZ"
        GET query | query=1.2.3
        GET query | query=1e
        GET query | query=0x
        GET query | query=0xG
        GET query | query=1abc
        GET query | query=5m | time=1700000300
        GET query | query=up$
        GET query | query=up;
        GET query | query=up?
        GET query | query=é
        GET query | query=up{é="x"}
        GET query | query=up é
        GET query | query=<up&>
        GET query | query=sum(up) +\n rate(up)
        GET query | query=rate(up[5m]) / rate(up) + foo{
        GET query | query=group_left
        GET query | query=by
        GET query | query=bool
        GET query | query=label_replace(up, "a-b", "x", "job", ".*") | time=1700000300
        GET query | query=label_replace(up, "a", "x", "job", "(") | time=1700000300
        GET query | query=label_join(up, "a-b", ",", "job") | time=1700000300
        GET query | query=label_join(up, "a", ",", "j-b") | time=1700000300
        GET query | query=count_values("a-b", up) | time=1700000300
        GET query | query=label_replace(up, "instance", "x", "", "") | time=1700000300
        GET query | query=up + on (job) requests_total | time=1700000300
        GET query | query=requests_total + on (job) group_left requests_total | time=1700000300
        GET query | query=requests_total / on (code) requests_total | time=1700000300
        GET query | query=topk(1e20, up) | time=1700000300
        GET query | query=topk(NaN, up) | time=1700000300
        GET query | query=holt_winters(up[5m], 2, 0.5) | time=1700000300
        GET query_range
        POST query_range |
        GET query_range | query=up
        GET query_range | query=up | start=1
        GET query_range | query=up | start=1 | end=2
        GET query_range | query=up | start=x | end=2 | step=1
        GET query_range | query=up | start=1 | end=x | step=1
        GET query_range | query=up | start=1 | end=2 | step=x
        GET query_range | query=up | start=2 | end=1 | step=1
        GET query_range | query=up | start=2 | end=1 | step=x
        GET query_range | query=up | start=1 | end=2 | step=0
        GET query_range | query=up | start=1 | end=2 | step=-1
        GET query_range | query=up | start=1 | end=2 | step=0s
        GET query_range | query=up | start=1 | end=2 | step=-5m
        GET query_range | query=up | start=1 | end=2 | step=1e300
        GET query_range | query=up | start=1 | end=2 | step=NaN
        GET query_range | query=up | start=1 | end=2 | step=1.5m
        GET query_range | query=up | start=1 | end=2 | step=15 s
        GET query_range | query=up | start=0 | end=11001 | step=1
        GET query_range | query=up | start=0 | end=11002 | step=1
        GET query_range | query=up | start=0 | end=1700000000 | step=1m
        POST query_range | query=up | start=0 | end=1700000000 | step=1m
        GET query_range | query=up | start=1 | end=2 | step=1 | timeout=x
        GET query_range | query=up{ | start=1 | end=2 | step=1 | timeout=x
        GET query_range | query=up{ | start=1 | end=2 | step=1
        GET query_range | query= | start=1 | end=2 | step=1
        GET query_range | query=up[5m] | start=1 | end=2 | step=1
        GET query_range | query=up[5m:1m] | start=1 | end=2 | step=1
        GET query_range | query="a" | start=1 | end=2 | step=1
        GET query_range | query=rate(up) | start=1 | end=2 | step=1
        GET query_range | query=up | start=1 | end=2 | step=0.0001
        GET query_range | query=1 | start=1 | end=1 | step=0.0005
        GET query_range | query=label_replace(up, "a-b", "x", "job", ".*") | start=1700000000 | end=1700000300 | step=60
        GET query_range | query=requests_total + on (job) group_left requests_total | start=1700000000 | end=1700000300 | step=60
        GET labels | start=x
        GET labels | end=x
        POST labels | start=x
        GET labels | match[]=up{
        GET labels | match[]={}
        GET labels | match[]={job=~".*"}
        GET labels | match[]=
        GET labels | match[]=up | match[]=x{
        GET labels | match[]=sum(up)
        GET labels | match[]=up[5m]
        GET labels | match[]=1
        GET label/job/values | start=x
        GET label/job/values | end=2023
        GET label/job/values | end=x
        GET label/job/values | match[]=up{
        GET label/job/values | match[]={}
        GET label/job/values | match[]={job=~".*"}
        GET label/a-b/values
        GET label/1a/values
        GET label/a.b/values
        GET label/%C3%A9/values
        GET label/a b/values
        GET label/%FF/values
        GET label//values
        GET series
        POST series |
        GET series | start=1 | end=2
        GET series | match[]=
        GET series | match[]=up{
        GET series | match[]={}
        GET series | match[]={job=~".*"}
        GET series | match[]=up | match[]={}
        GET series | match[]=up | start=x
        GET series | match[]=up | end=x
        GET series | match[]=up{ | start=x
        GET series | match[]=rate(up[5m])
        GET series | match[]=up[5m]
        GET series | match[]=up offset 5m
        GET series | match[]="up"
        POST series | match[]={}
        RAW GET /api/v1/series?match[]=up&%zz
        RAW GET /api/v1/series?match[]=up;x
        GET metadata | limit=x
        GET metadata | limit=1.5
        GET metadata | limit_per_metric=x
        GET format_query
        GET format_query | query=
        GET format_query | query=up{
        GET format_query | query=rate(up)
        POST format_query | query=sum(
        PUT query
        DELETE query
        PATCH query_range
        HEAD query
        HEAD query_range
        HEAD labels
        POST label/job/values
        POST metadata
        POST status/buildinfo
        PUT series
        GET write
        GET admin/tsdb/snapshot
        POST admin/tsdb/snapshot
        PUT admin/tsdb/delete_series
        POST admin/tsdb/clean_tombstones
        POST admin/tsdb/delete_series | match[]=up
        POST write
        GET nothing
        GET query/
        GET label/job
        GET Query
        GET //api/v2/query
        GET //api/v1
        POST //-/healthy
        GET //-/reload
        PUT //-/quit
        GET //-/quit
        GET //api/prom/rules
        GET query | query=up | limit=x
        GET query | query=up | limit=-1
        GET query | query=up | limit=1.5
        GET query | query=up | limit=99999999999999999999
        GET query | query=up | lookback_delta=x
        GET query_range | query=up | start=1 | end=2 | step=1 | limit=x
        GET query_range | query=up | start=x | end=2 | step=1 | limit=x
        GET query_range | query=up | start=1 | end=2 | step=1 | lookback_delta=1.5h
        GET labels | limit=x
        GET label/job/values | limit=-5
        GET series | match[]=up | limit=x
        GET parse_query
        GET parse_query | query=up{
        GET query_exemplars
        POST query_exemplars |
        GET query_exemplars | query= | start=1 | end=2
        GET query_exemplars | query=up{ | start=1 | end=2
        POST query_exemplars | query=up{ | start=1 | end=2
        GET query_exemplars | query=up | start=x | end=2
        GET query_exemplars | query=up | start=1 | end=x
        GET query_exemplars | query=up | start=2 | end=1
        GET query_exemplars | query=up{ | start=x | end=y
        GET query_exemplars | query=up{ | start=2 | end=1
        GET query_exemplars | query={}
        GET query_exemplars | query={job=""}
        GET query_exemplars | query=sum(
        GET query_exemplars | query=rate(up)
        GET query_exemplars | query=1 +
        PUT query_exemplars
        HEAD query_exemplars
        GET rules | type=x
        GET rules | type=alerts
        GET rules | type=<&>
        POST rules
        HEAD rules
        POST alerts
        POST alertmanagers
        POST targets
        DELETE targets
        GET targets/metadata | match_target={
        GET targets/metadata | match_target=up{
        GET targets/metadata | match_target=sum(up)
        GET targets/metadata | match_target=up[5m]
        GET targets/metadata | match_target={job=~"["}
        GET targets/metadata | limit=x
        GET targets/metadata | limit=1.5
        GET targets/metadata | limit=x | match_target={
        GET targets/metadata | limit=99999999999999999999
        POST targets/metadata
        POST scrape_pools
        POST status/tsdb
        POST status/walreplay
        POST status/config
        POST status/flags
        POST status/runtimeinfo
        GET read
        PUT read
        HEAD read
        POST read |
        RAW GET /api/v1/read?query=up
        GET rules/x
        GET alerts/x
        GET status
        GET status/x
        GET status/tsdb/x
        GET //federate | match[]=
        GET //federate | match[]=up{
        GET //federate | match[]=sum(up)
        GET //federate | match[]=-up
        GET //federate | match[]=up[5m]
        GET //federate | match[]="up"
        GET //federate | match[]=up | match[]=x{
        GET //federate | match[]=up{job=~"["}
        RAW GET /federate?match[]=up&%zz
        RAW GET /federate?match[]=up;x
        POST //federate
        HEAD //federate
        PUT //metrics
        GET scrape_pools/config
        GET scrape_pools/config | scrapePool=x
        POST scrape_pools/config
        GET targets/relabel_steps
        GET targets/relabel_steps | scrapePool=x
        GET targets/relabel_steps | scrapePool=x | labels={}
        GET rules | exclude_alerts=x
        GET rules | group_limit=x
        GET rules | group_limit=0
        GET rules | group_limit=-1
        GET rules | group_limit=99999999999
        GET rules | group_next_token=x
        GET rules | group_limit=1 | group_next_token=x
        GET rules | match[]={
        GET rules | match[]={}
        RAW GET /api/v1/rules?type=alert&%zz
        GET status/tsdb | limit=x
        GET status/tsdb | limit=0
        GET status/tsdb | limit=10001
        POST search/metric_names | sort_by=x
        GET search/label_values
        POST otlp/v1/metrics |
        GET label/U__/values
        GET query | query=sort_by_label(up, "job") | time=1700000300
        GET query | query=limitk(2, up) | time=1700000300
        GET query | query=mad_over_time(jitter[5m]) | time=1700000300
        GET query | query=info(up) | time=1700000300
        GET query | query=label_replace(up, "~invalid", "$1", "job", "(.*)") | time=1700000300
        POST notifications
        POST //version
        FOO query
        RAW get /api/v1/query?query=1
        RAW CONNECT /api/v1/query
        RAW GET /api/v1/query?query=up{ville="é
        """#)
}
