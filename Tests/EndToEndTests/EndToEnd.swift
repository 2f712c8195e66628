import RealServers
import Testing

/// The gateway over real Prometheus servers must answer as one real Prometheus that holds it all:
/// these suites share one set of servers, and run one after the other.
@Suite(
    "End to end", .scene(.three), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEnd {}

/// The same with metric names that are removed at the end of a query.
@Suite(
    "End to end, delayed name removal", .scene(.delayedNames), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndDelayedNames {}

/// The same with static labels of the members.
@Suite(
    "End to end, static labels", .scene(.labelled), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndStaticLabels {}

/// The same with members of 2.42 and a union of 2.42.
@Suite(
    "End to end, Prometheus 2", .scene(.two), .serialized,
    .enabled(if: PrometheusVersion.two.isHere, "\(PrometheusVersion.two.whySkipped)"))
struct EndToEndVersion2 {}

/// One member of 2.42 beside two of 3.5.
@Suite(
    "End to end, mixed versions", .scene(.mixed), .serialized,
    .enabled(
        if: PrometheusVersion.two.isHere && PrometheusVersion.three.isHere,
        "Prometheus 2.42 or 3.5 is not here: run scripts/test"))
struct EndToEndMixed {}

/// Three members that are parts of one server, by selectors, and a union.
@Suite(
    "End to end, one server", .scene(.shared), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndShared {}

/// The same without the label of the selectors, in the answers and in the union.
@Suite(
    "End to end, hidden label", .scene(.hidden), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndHidden {}

/// The same with `promql-delayed-name-removal`, which marks names and removes them at the end.
@Suite(
    "End to end, hidden label, delayed name removal", .scene(.hiddenDelayedNames), .serialized,
    .enabled(if: PrometheusVersion.three.isHere, "\(PrometheusVersion.three.whySkipped)"))
struct EndToEndHiddenDelayedNames {}
