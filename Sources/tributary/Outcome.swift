import ArgumentParser

/// How the program ends.
enum Outcome {
    /// Something failed while running.
    static let failure = ExitCode(1)
    /// A configuration or a script is wrong.
    static let invalid = ExitCode(2)
}
