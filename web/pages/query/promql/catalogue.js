// What PromQL has: functions with their signature, a sentence and an example. Pure data.

// Each: name, parameters, what it gives, an example.
const FUNCTIONS = `
abs|v|the absolute value of each sample|abs(delta(temperature[1h]))
absent|v|1 where the vector is empty, else nothing|absent(up{job="node"})
absent_over_time|range|1 where no series has a sample in the range|absent_over_time(up{job="node"}[1h])
acos|v|the arc cosine, in radians|acos(x)
acosh|v|the inverse hyperbolic cosine|acosh(x)
asin|v|the arc sine, in radians|asin(x)
asinh|v|the inverse hyperbolic sine|asinh(x)
atan|v|the arc tangent, in radians|atan(x)
atanh|v|the inverse hyperbolic tangent|atanh(x)
avg_over_time|range|the mean of the samples in the range|avg_over_time(node_load1[1h])
ceil|v|each sample rounded up|ceil(x)
changes|range|how often the value changed in the range|changes(process_start_time_seconds[1d])
clamp|v, min, max|each sample, kept between two bounds|clamp(x, 0, 1)
clamp_max|v, max|each sample, at most the bound|clamp_max(x, 1)
clamp_min|v, min|each sample, at least the bound|clamp_min(x, 0)
cos|v|the cosine, of radians|cos(x)
cosh|v|the hyperbolic cosine|cosh(x)
count_over_time|range|the number of samples in the range|count_over_time(up[5m])
day_of_month|v = vector(time())|the day of the month, in UTC|day_of_month()
day_of_week|v = vector(time())|the day of the week, 0 is Sunday|day_of_week()
day_of_year|v = vector(time())|the day of the year|day_of_year()
days_in_month|v = vector(time())|the days of the month|days_in_month()
deg|v|degrees of radians|deg(x)
delta|range|the difference of the first and last value, of gauges|delta(node_hwmon_temp_celsius[2h])
deriv|range|the slope by linear regression, of gauges|deriv(node_filesystem_avail_bytes[1h])
double_exponential_smoothing|range, smoothing, trend|a smoothed value, of gauges|double_exponential_smoothing(x[1h], 0.5, 0.1)
exp|v|e to the power of each sample|exp(x)
first_over_time|range|the oldest sample in the range|first_over_time(x[5m])
floor|v|each sample rounded down|floor(x)
histogram_avg|v|the mean of native histograms|histogram_avg(rate(latency_seconds[5m]))
histogram_count|v|the count of native histograms|histogram_count(rate(latency_seconds[5m]))
histogram_fraction|lower, upper, v|the share of observations between two bounds|histogram_fraction(0, 0.2, rate(latency_seconds[5m]))
histogram_quantile|φ, v|the φ-quantile of histograms|histogram_quantile(0.99, sum by (le) (rate(latency_seconds_bucket[5m])))
histogram_quantiles|v, label, φ…|several quantiles, told apart by a label|histogram_quantiles(rate(latency_seconds[5m]), "quantile", 0.5, 0.99)
histogram_stddev|v|the standard deviation of native histograms|histogram_stddev(rate(latency_seconds[5m]))
histogram_stdvar|v|the variance of native histograms|histogram_stdvar(rate(latency_seconds[5m]))
histogram_sum|v|the sum of native histograms|histogram_sum(rate(latency_seconds[5m]))
hour|v = vector(time())|the hour of the day, in UTC|hour()
idelta|range|the difference of the last two samples, of gauges|idelta(x[5m])
increase|range|how much a counter grew in the range|increase(http_requests_total[1h])
info|v, selector|adds labels of info metrics|info(rate(http_requests_total[5m]))
irate|range|the rate of the last two samples, of counters|irate(http_requests_total[5m])
label_join|v, to, separator, from…|joins labels into one|label_join(up, "both", "/", "job", "instance")
label_replace|v, to, replacement, from, regex|writes a label by a regular expression|label_replace(up, "host", "$1", "instance", "(.*):.*")
last_over_time|range|the newest sample in the range|last_over_time(x[1h])
ln|v|the natural logarithm|ln(x)
log10|v|the logarithm of base 10|log10(x)
log2|v|the logarithm of base 2|log2(x)
mad_over_time|range|the median absolute deviation in the range|mad_over_time(x[1h])
max_over_time|range|the greatest sample in the range|max_over_time(x[1h])
min_over_time|range|the least sample in the range|min_over_time(x[1h])
minute|v = vector(time())|the minute of the hour|minute()
month|v = vector(time())|the month, 1 to 12|month()
pi||π|pi()
predict_linear|range, seconds|what the value will be, by linear regression|predict_linear(node_filesystem_avail_bytes[4h], 86400)
present_over_time|range|1 for each series with a sample in the range|present_over_time(up[1h])
quantile_over_time|φ, range|the φ-quantile of the samples in the range|quantile_over_time(0.9, x[1h])
rad|v|radians of degrees|rad(x)
rate|range|the rate a second, of counters|rate(http_requests_total[5m])
resets|range|how often a counter began again|resets(http_requests_total[1d])
round|v, to = 1|each sample rounded to a multiple|round(x, 0.1)
scalar|v|the value of the only series, else NaN|scalar(count(up))
sgn|v|1, 0 or -1 by the sign|sgn(x)
sin|v|the sine, of radians|sin(x)
sinh|v|the hyperbolic sine|sinh(x)
sort|v|sorted by value, least first|sort(x)
sort_by_label|v, label…|sorted by labels|sort_by_label(up, "instance")
sort_by_label_desc|v, label…|sorted by labels, last first|sort_by_label_desc(up, "instance")
sort_desc|v|sorted by value, greatest first|sort_desc(x)
sqrt|v|the square root|sqrt(x)
stddev_over_time|range|the standard deviation in the range|stddev_over_time(x[1h])
stdvar_over_time|range|the variance in the range|stdvar_over_time(x[1h])
sum_over_time|range|the sum of the samples in the range|sum_over_time(x[1h])
tan|v|the tangent, of radians|tan(x)
tanh|v|the hyperbolic tangent|tanh(x)
time||the time of the evaluation, in seconds|time() - process_start_time_seconds
timestamp|v|when each sample was taken|timestamp(up)
ts_of_first_over_time|range|when the oldest sample was taken|ts_of_first_over_time(x[1h])
ts_of_last_over_time|range|when the newest sample was taken|ts_of_last_over_time(x[1h])
ts_of_max_over_time|range|when the greatest sample was taken|ts_of_max_over_time(x[1h])
ts_of_min_over_time|range|when the least sample was taken|ts_of_min_over_time(x[1h])
vector|s|the scalar as a vector without labels|vector(1)
year|v = vector(time())|the year, in UTC|year()`;

const AGGREGATIONS = `
avg|v|the mean|avg by (job) (up)
bottomk|k, v|the k least series of each group|bottomk(5, x)
count|v|how many series|count by (job) (up)
count_values|label, v|how many series have each value|count_values("version", build_version)
group|v|1 for each group|group by (job) (up)
limit_ratio|r, v|a share of the series, the same ones each time|limit_ratio(0.1, up)
limitk|k, v|k series of each group|limitk(5, up)
max|v|the greatest value|max by (job) (up)
min|v|the least value|min by (job) (up)
quantile|φ, v|the φ-quantile over the series|quantile(0.9, scrape_duration_seconds)
stddev|v|the standard deviation over the series|stddev(x)
stdvar|v|the variance over the series|stdvar(x)
sum|v|the sum|sum by (job) (rate(http_requests_total[5m]))
topk|k, v|the k greatest series of each group|topk(5, x)`;

const KEYWORDS = `
and|||up and on (job) ready
bool|||x > bool 1
by|||sum by (job) (x)
group_left|||a * on (instance) group_left (version) b
group_right|||a * on (instance) group_right (version) b
ignoring|||a / ignoring (code) b
offset|||x offset 1d
on|||a / on (instance) b
or|||a or b
unless|||a unless b
without|||sum without (instance) (x)`;

function entries(text, type) {
  return text.trim().split('\n').map((line) => {
    const [name, parameters, sentence, example] = line.split('|');
    return { name, parameters, sentence, example, type };
  });
}

/** `[{name, parameters, sentence, example, type}]`; `type` is `function`, `aggregation` or `keyword`. */
export const catalogue = [
  ...entries(FUNCTIONS, 'function'), ...entries(AGGREGATIONS, 'aggregation'), ...entries(KEYWORDS, 'keyword'),
];

const byName = new Map(catalogue.map((entry) => [entry.name, entry]));

/** What the catalogue says of a name, or undefined. */
export const described = (name) => byName.get(name.toLowerCase());
