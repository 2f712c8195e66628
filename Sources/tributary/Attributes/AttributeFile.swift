import ArgumentParser
import Foundation

/// Files that commands write for people.
enum AttributeFile {
    /// Writes a file that its owner alone may read. One that exists is replaced only if that is
    /// wanted.
    static func write(_ text: String, to path: String, force: Bool) throws {
        if FileManager.default.fileExists(atPath: path), !force {
            guard Confirmation.isGiven("\(path) exists. Overwrite it?") else {
                Console.say("\(path) was left as it is")
                throw Outcome.failure
            }
        }
        let isWritten = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else {
            Console.say("\(path) cannot be written")
            throw Outcome.failure
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        Console.say("wrote \(path)")
    }
}

/// A question to the user at the terminal.
enum Confirmation {
    /// Anything but yes, also the end of the input, is no.
    static func isGiven(_ question: String) -> Bool {
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        let answer = readLine()?.trimmingCharacters(in: .whitespaces).lowercased()
        return answer == "y" || answer == "yes"
    }
}
