import Foundation
import Testing

/// Answers of real servers, as `scripts/record-answers` took them.
enum RecordedAnswers {
    struct Answer: Sendable, CustomTestStringConvertible {
        var name: String
        var body: [UInt8]

        var testDescription: String { name }
    }

    static let all: [Answer] = {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Answers")
        let files =
            (try? FileManager.default.contentsOfDirectory(
                at: directory, includingPropertiesForKeys: nil)) ?? []
        return files.sorted { $0.path < $1.path }.compactMap { file in
            guard file.pathExtension == "json", let data = try? Data(contentsOf: file) else {
                return nil
            }
            return Answer(
                name: file.deletingPathExtension().lastPathComponent, body: Array(data))
        }
    }()
}
