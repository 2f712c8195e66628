import Foundation

/// Gives the path of a new, empty folder, which is removed when the work ends.
public func withTemporaryFolder<Outcome>(_ work: (String) throws -> Outcome) throws -> Outcome {
    let folder = try newFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try work(folder)
}

/// Gives the path of a new, empty folder, which is removed when the work ends.
public func withTemporaryFolder<Outcome>(
    _ work: (String) async throws -> Outcome
) async throws -> Outcome {
    let folder = try newFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await work(folder)
}

private func newFolder() throws -> String {
    let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("tributary-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return folder
}
