extension WireRequest {
    static let all = answered + refused

    /// What a single server answers well: every form of request and of value on the wire. The
    /// window of `WireData` is 1700000000 to 1700000585, a sample every 15 s.
    static let answered = WireRequest.lines(
        #"""
        GET query | query=up | time=1700000300
        POST query | query=up | time=1700000300
        GET query | query=up | time=1700000300.5
        GET query | query=up | time=1700000300.1234
        GET query | query=up | time=2023-11-14T22:18:20Z
        GET query | query=up | time=2023-11-14T22:18:20.250Z
        GET query | query=up | time=2023-11-14T23:18:20+01:00
        GET query | query=up | time=1.7000003e9
        GET query | query=up{job="api"} | time=1700000300
        GET query | query=up == 0 | time=1700000300
        GET query | query=nope | time=1700000300
        GET query | query=nope
        POST query | query=nope
        GET query | query=up | time=1600000000
        GET query | query=escaped | time=1700000300
        GET query | query=escaped{path=~".*q.*"} | time=1700000300
        GET query | query=utf8 | time=1700000300
        GET query | query=utf8{ville="Zürich"} | time=1700000300
        GET query | query=utf8{ville=~".*北.*"} | time=1700000300
        GET query | query=odd | time=1700000300
        GET query | query=sort(odd{n!~"03|13"}) | time=1700000285
        GET query | query=sort_desc(odd{n!~"03|13"}) | time=1700000285
        GET query | query=-odd | time=1700000300
        GET query | query=odd * 1e300 | time=1700000300
        GET query | query=odd / 3 | time=1700000300
        GET query | query=exact | time=1700000300
        GET query | query=1 | time=1700000300
        GET query | query=1e-7 | time=1700000300
        GET query | query=1e21 | time=1700000300
        GET query | query=1e100 | time=1700000300
        GET query | query=0.1 + 0.2 | time=1700000300
        GET query | query=-0.0 | time=1700000300
        GET query | query=NaN | time=1700000300
        GET query | query=Inf | time=1700000300
        GET query | query=-Inf | time=1700000300
        GET query | query=1 / 0 | time=1700000300.1
        GET query | query=time() | time=1700000300.75
        GET query | query=0x1F | time=1700000300
        GET query | query="text" | time=1700000300.5
        GET query | query="\"<&>\\ \n é 北 \u2028" | time=1700000300
        GET query | query=vector(1e-7) | time=1700000300
        GET query | query=vector(1e21) | time=1700000300
        GET query | query=vector(1) | time=1700000300.010
        GET query | query=vector(1) | time=-1.5
        GET query | query=vector(1) | time=0
        GET query | query=vector(time()) | time=1700000300
        GET query | query=requests_total[1m] | time=1700000300
        GET query | query=odd[2m] | time=1700000300
        GET query | query=jitter[2m] | time=1700000300
        GET query | query=jitter[2m] offset 1m | time=1700000300
        GET query | query=nope[5m] | time=1700000300
        GET query | query=requests_total[1m:15s] | time=1700000300
        GET query | query=max_over_time(jitter[5m])[3m:30s] | time=1700000300
        GET query | query=rate(requests_total[5m]) | time=1700000300
        GET query | query=increase(requests_total{code="200"}[2m]) | time=1700000300
        GET query | query=sum(requests_total) | time=1700000300
        GET query | query=sum by (job) (requests_total) | time=1700000300
        GET query | query=sum by (job, code) (requests_total) | time=1700000300
        GET query | query=max without (instance) (requests_total) | time=1700000300
        GET query | query=count by (nothing) (requests_total) | time=1700000300
        GET query | query=topk(2, exact) | time=1700000300
        GET query | query=bottomk(2, exact) | time=1700000300
        GET query | query=count_values("v", up) | time=1700000300
        GET query | query=quantile(0.5, exact) | time=1700000300
        GET query | query=histogram_quantile(0.9, latency_bucket) | time=1700000300
        GET query | query=histogram_quantile(0.9, sum by (le) (rate(latency_bucket[5m]))) | time=1700000300
        GET query | query=absent(nope) | time=1700000300
        GET query | query=absent(nope{job="x",code="1"}) | time=1700000300
        GET query | query=absent(up) | time=1700000300
        GET query | query=absent_over_time(nope[5m]) | time=1700000300
        GET query | query=label_replace(up, "new", "$1-x", "job", "(.*)") | time=1700000300
        GET query | query=label_join(up, "both", "/", "job", "instance") | time=1700000300
        GET query | query=up and on (job) requests_total | time=1700000300
        GET query | query=up or nope | time=1700000300
        GET query | query=up unless up{job="api"} | time=1700000300
        GET query | query=requests_total / on (job, instance) group_left up | time=1700000300
        GET query | query=exact > bool 2 | time=1700000300
        GET query | query=timestamp(jitter) | time=1700000300
        GET query | query=day_of_week() | time=1700000300
        GET query | query=minute(vector(1700000000)) | time=1700000300
        GET query | query=scalar(exact{n="2"}) | time=1700000300
        GET query | query=up @ 1700000100 | time=1700000300
        GET query | query=up offset -1m | time=1700000300
        GET query | query=predict_linear(jitter[5m], 60) | time=1700000300
        GET query | query=clamp(exact, 1, 3) | time=1700000300
        GET query | query=deriv(jitter[5m]) | time=1700000300
        GET query | query=up | time=1700000300 | timeout=5s
        GET query | query=up | time=1700000300 | timeout=30
        GET query | query=up | time=1700000300 | timeout=1h30m
        GET query | query=up | time=1700000300 | unknown=1
        GET query | query=up | time= | timeout= | nope=1 | time=1700000300
        GET query | query=up | query=down | time=1700000300
        GET query_range | query=up | start=1700000000 | end=1700000600 | step=60
        POST query_range | query=up | start=1700000000 | end=1700000600 | step=60
        GET query_range | query=up | start=1700000000 | end=1700000600 | step=1m
        GET query_range | query=up | start=1700000000 | end=1700000600 | step=60.5
        GET query_range | query=up | start=1700000000 | end=1700000000 | step=60
        GET query_range | query=up | start=1700000007.123 | end=1700000307.9 | step=0.5s15ms
        GET query_range | query=up | start=1700000007.123 | end=1700000307.9 | step=7.25
        GET query_range | query=up | start=2023-11-14T22:13:20Z | end=2023-11-14T22:23:20.5Z | step=1m30s
        GET query_range | query=nope | start=1700000000 | end=1700000600 | step=60
        GET query_range | query=up | start=1600000000 | end=1600000600 | step=60
        GET query_range | query=odd | start=1700000000 | end=1700000600 | step=15
        GET query_range | query=-odd | start=1700000000 | end=1700000600 | step=15
        GET query_range | query=odd ^ 3 | start=1700000000 | end=1700000600 | step=15
        GET query_range | query=escaped | start=1700000000 | end=1700000600 | step=60
        GET query_range | query=utf8 | start=1700000000 | end=1700000600 | step=60
        GET query_range | query=gaps | start=1700000000 | end=1700001200 | step=15
        GET query_range | query=jitter | start=1700000000 | end=1700000600 | step=7
        GET query_range | query=1 | start=1700000000 | end=1700000060 | step=15
        GET query_range | query=1e-7 | start=1700000000 | end=1700000060 | step=15
        GET query_range | query=time() | start=1700000000.5 | end=1700000060 | step=15
        GET query_range | query=vector(NaN) | start=1700000000 | end=1700000060 | step=15
        GET query_range | query=Inf | start=1700000000 | end=1700000060 | step=15
        GET query_range | query=-1 / 0 | start=-10 | end=10 | step=5
        GET query_range | query=time() | start=-1.5 | end=1 | step=0.5
        GET query_range | query=rate(requests_total[5m]) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=sum(rate(requests_total[5m])) by (job) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=sum(requests_total) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=avg(exact) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=topk(1, exact) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=count_values("v", up) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=absent(nope{a="b"}) | start=1700000000 | end=1700000060 | step=30
        GET query_range | query=histogram_quantile(0.5, rate(latency_bucket[2m])) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=up @ end() | start=1700000000 | end=1700000060 | step=30
        GET query_range | query=max_over_time(jitter[2m:30s]) | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=requests_total{code="200"} / ignoring (code) requests_total{code="500"} | start=1700000000 | end=1700000600 | step=30
        GET query_range | query=up | start=1700000000 | end=1700011000 | step=1
        GET query_range | query=1 | start=0 | end=11000 | step=1
        GET query_range | query=up{job=~"api|db"} > 0 | start=1700000000 | end=1700000600 | step=30
        GET query_range | query={__name__=~"up|exact"} | start=1700000000 | end=1700000600 | step=60
        GET labels
        POST labels |
        GET labels | match[]=up
        POST labels | match[]=up | match[]=escaped
        GET labels | match[]=nope
        GET labels | start=1700000000 | end=1700000600
        GET labels | start=1600000000 | end=1600000600
        GET labels | match[]={__name__="utf8"}
        GET label/job/values
        GET label/job/values | match[]=up
        GET label/job/values | match[]=nope
        GET label/job/values | match[]=up | match[]=requests_total{code="500"}
        GET label/job/values | start=1700000000 | end=1700000600
        GET label/job/values | start=1600000000 | end=1600000600
        GET label/__name__/values
        GET label/path/values
        GET label/ville/values
        GET label/nolabel/values
        GET label/_x/values
        GET series | match[]=up
        POST series | match[]=up
        GET series | match[]=up | match[]=escaped
        GET series | match[]=up | match[]=up{job="api"}
        GET series | match[]={__name__=~"u.*"} | start=1700000000 | end=1700000600
        GET series | match[]=nope
        GET series | match[]=up | start=1600000000 | end=1600000600
        GET series | match[]=escaped
        GET series | match[]=utf8
        GET metadata | metric=nope
        GET metadata | limit=0
        GET format_query | query=sum(rate(up[5m]))by(job)
        POST format_query | query=sum(rate(up[5m]))by(job)
        GET format_query | query=a/on(x)group_left(y)b
        GET format_query | query=sum by (job, instance, very_long_label_name_number_one) (rate(requests_total_of_some_long_name{job="api",code=~"5.."}[5m])) / ignoring (code) group_left sum(up)
        GET format_query | query="<&>"
        OPTIONS query
        OPTIONS query_range
        OPTIONS nothing/at/all
        OPTIONS label/job/values
        GET //-/healthy
        HEAD //-/healthy
        HEAD //-/ready
        RAW GET /api/v1/query?query=up&time=1700000300&Origin Origin: http://example.com
        RAW GET /api/v1/query?query=up&time=x Origin: http://example.com
        RAW OPTIONS /api/v1/query Origin: http://example.com
        RAW GET /api/v1/query?query=up&time=1700000300 Accept: text/html
        RAW GET /api/v1/query?query=up&time=1700000300 Accept: application/json;q=0
        RAW GET /api/v1/query?query=up&time=1700000300 Accept-Encoding: gzip;q=0.5
        RAW GET /api/v1/query?query=up&time=1700000300 Accept-Encoding: br, compress
        RAW GET /api/v1/query?query=up&time=1700000300 Accept-Encoding: gzip, deflate
        RAW GET /api/v1/query?query=up&time=1700000300 Accept-Encoding: deflate, gzip
        RAW GET /api/v1/query?query=up{ Accept-Encoding: gzip
        RAW GET /api/v1/query?query=up&time=1700000300 X-Grafana-Org-Id: 1
        RAW GET /api/v1/query?query=up&%zz&time=1700000300
        RAW GET /api/v1/query?query=up;x&query=up&time=1700000300
        GET query_exemplars | query=up
        POST query_exemplars | query=up
        GET query_exemplars | query=1
        POST query_exemplars | query=time() + 1
        GET query_exemplars | query="up"
        GET query_exemplars | query=nope | start=1 | end=1
        GET query_exemplars | query=test | start=1700000000000 | end=1700000300000
        GET rules
        GET rules | type=alert
        GET rules | type=RECORD
        POST query_exemplars | query=rate(up[5m]) | start=2023-11-14T22:13:20Z | end=1700000300
        GET alerts
        GET alertmanagers
        GET targets
        GET targets | state=active
        GET targets | state=x
        GET scrape_pools
        GET targets/metadata
        GET targets/metadata | match_target={}
        GET targets/metadata | match_target={job="x"} | metric=up | limit=-1
        GET status/walreplay
        GET //federate
        GET //federate | match[]=up
        GET //federate | match[]={}
        GET //federate | match[]={job=~".*"}
        RAW GET /federate?match[]=up Accept-Encoding: gzip
        RAW GET /federate?match[]=up{ Accept-Encoding: gzip
        RAW GET /api/v1/rules Accept-Encoding: gzip
        RAW GET /api/v1/rules Origin: http://example.com
        RAW GET /api/v1/status/walreplay Accept-Encoding: gzip
        GET parse_query | query=up
        GET parse_query | query=1 + 2 * "a"
        GET format_query | query=up{"a.b"="c"}
        GET format_query | query={"my.metric"}
        GET query | query={"up"} | time=1700000300
        GET query | query=up{"job"="api"} | time=1700000300
        GET query | query=up | time=1700000300 | limit=1
        GET query | query=up | time=1700000300 | limit=4
        GET query | query=up[1m] | time=1700000300 | limit=1
        GET query | query=1 | time=1700000300 | limit=1
        GET query | query=topk(3, exact) | time=1700000300 | limit=2
        GET query_range | query=up | start=1700000000 | end=1700000300 | step=60 | limit=2
        GET labels | limit=2
        GET labels | limit=0
        GET label/job/values | limit=1
        GET label/job/values | limit=2
        GET series | match[]=up | limit=1
        GET series | match[]=up | limit=4
        GET query | query=up | time=1700000300 | lookback_delta=10
        GET query | query=up | time=1700000305 | lookback_delta=1s
        GET label/U__a_2e_b/values
        GET label/U__job/values
        GET query | query=up offset 60 | time=1700000300
        GET query | query=count_values("é", up) | time=1700000300
        GET query | query=label_replace(up, "é x", "$1", "job", "(.*)") | time=1700000300
        GET query | query=sum by ("é") (up) | time=1700000300
        GET query | query=histogram_count(exact) | time=1700000300
        GET query | query=exact atan2 exact | time=1700000300
        GET query | query=exact % 0 | time=1700000300
        GET query | query=up or on () vector(0) | time=1700000300
        GET notifications
        GET status/tsdb
        GET status/tsdb | limit=1
        GET rules | rule_name[]=x
        GET rules | exclude_alerts=true
        GET rules | group_limit=1
        GET targets | scrapePool=x
        GET //
        GET //-/ready
        GET //////-/ready
        RAW GET //federate?match[]=up
        RAW GET /api/v1//query?query=x{u="é",v=~"<|^`>"}
        RAW POST /./api/v1/query?query=1
        RAW HEAD /nothing/../api
        RAW OPTIONS //api/v1/query Origin: http://example.com
        RAW GET /api/v1
        RAW GET /federate/
        RAW GET /api/v1/query?query=utf8{ville="Zürich",a!~"{|}\\^`<>"}&time=1700000300
        RAW GET /api/v1/label/é/values
        RAW GET /federate?match[]=up Accept: text/plain;version=1.0.0;escaping=allow-utf-8
        """#)
}
