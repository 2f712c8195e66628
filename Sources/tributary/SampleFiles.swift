import EmbeddedPrometheus
import Foundation
import PromQLTest
import TimeSeries

/// Reads files with samples into a store.
struct SampleFiles {
    var store: MemoryStore
    /// Where the first samples of scripts stand, in milliseconds since 1970.
    var scriptStart: Int64

    /// Says what was read, or what is wrong, on standard error.
    ///
    /// - Throws: `Outcome.invalid` when the file cannot be read or understood.
    func load(_ path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            Console.say("\(path): cannot be read")
            throw Outcome.invalid
        }
        do {
            if path.hasSuffix(".test") {
                try loadScript(String(decoding: data, as: UTF8.self), path)
            } else {
                let now = Int64(Date().timeIntervalSince1970 * 1000)
                let summary = store.load(try Exposition(parsing: Array(data)), defaultTime: now)
                Console.say("\(path): \(summary.series) series, \(summary.samples) samples")
            }
        } catch {
            Console.say("\(path): \(error)")
            throw Outcome.invalid
        }
    }

    private func loadScript(_ text: String, _ path: String) throws {
        var (series, samples) = (0, 0)
        for command in try PromQLScript(parsing: text).commands {
            switch command {
            case .clear:
                store.removeAll()
                (series, samples) = (0, 0)
            case .load(let load):
                let loaded = load.series().map { one in
                    var moved = one
                    moved.times = one.times.map { $0 &+ scriptStart }
                    moved.startTimes = one.startTimes.map { $0 == 0 ? 0 : $0 &+ scriptStart }
                    return moved
                }
                store.insert(loaded)
                series += loaded.count
                samples += loaded.reduce(0) { $0 + $1.times.count }
            case .evaluate: break
            }
        }
        Console.say("\(path): \(series) series, \(samples) samples")
    }
}
