import Glibc
import TelemetryDoubles

// `LokiMember PORT LINES MEMBER MEMBERS` answers as a Loki that has one member's part of so many lines,
// until it is killed. Members are counted from 0.

let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard numbers.count == 4, numbers[3] > 0 else {
    print("usage: LokiMember PORT LINES MEMBER MEMBERS")
    exit(2)
}
try LoadedLoki(port: numbers[0], lines: numbers[1], of: numbers[2], among: numbers[3]).serve()
