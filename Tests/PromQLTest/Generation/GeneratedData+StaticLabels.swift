import TestSupport
public import TimeSeries

extension GeneratedData {
    /// Gives the members static labels: shared ones, distinct ones, missing ones, ones without a
    /// value; and some series own labels of such names.
    mutating func addStaticLabels(seed: UInt64) {
        var random = SeededRandom(seed: seed ^ 0x1abe1)
        let areDistinct = !random.oneIn(3)
        for (index, member) in members.enumerated() {
            var labels: [String: String] = [:]
            if !random.oneIn(4) { labels["region"] = random.pick(["eu", "eu", "us", ""]) }
            if areDistinct || !random.oneIn(3) {
                labels["cluster"] = areDistinct ? "k\(index)" : random.pick(["k0", "k1"])
            }
            if random.oneIn(2) { labels["env"] = random.pick(["prod", "dev"]) }
            if random.oneIn(3) { labels["zone"] = random.pick(["z1", "z9"]) }
            staticLabels[member] = labels
            for row in series[index].indices where random.oneIn(5) {
                let own = series[index][row].labels
                var changed = own.setting("region", to: random.pick(["eu", "own"]))
                if random.oneIn(3) { changed = changed.setting("exported_region", to: "deep") }
                if random.oneIn(4) { changed = changed.setting("cluster", to: "k1") }
                series[index][row].labels = changed
            }
        }
    }

    /// The label of the partition, and the static labels of its members.
    public var partition: PartitionLabel { PartitionLabel(labels: staticLabels) }
}

extension QueryProfile {
    /// Also asks for the static labels that generated data may have.
    mutating func askForStaticLabels() {
        staticLabels = ["region", "cluster", "env", "zone", "region", "cluster"]
        groupings += ["region", "cluster", "env", "exported_region", "exported_zone"]
        matchers.append(
            .init(
                oneIn: 3,
                [
                    "region=\"eu\"", "region!=\"eu\"", "region=~\"eu|own\"", "region!~\"e.\"",
                    "region=\"\"", "region!=\"\"", "cluster=\"k1\"", "cluster!=\"k0\"",
                    "env=~\"p.*|\"", "env!=\"dev\"", "zone=\"z1\"",
                ]))
        matchers.append(
            .init(
                oneIn: 12,
                [
                    "exported_region=\"own\"", "exported_region=\"\"", "exported_region!=\"deep\"",
                    "exported_exported_region=\"deep\"", "exported_zone=\"z1\"",
                ]))
    }
}
