/// A connection inside a transaction, to either database.
protocol SQLSession {
    /// Runs one statement, with a `?` for each value.
    func run(_ statement: String, _ values: [SQLValue]) throws -> [SQLRow]
}

extension SQLSession {
    func run(_ statement: String, _ values: SQLValue...) throws -> [SQLRow] {
        try run(statement, values)
    }
}

/// The two types of the schema.
enum SQLValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
}

struct SQLRow {
    struct Unexpected: Error, CustomStringConvertible {
        var column: Int
        var description: String { "a value of column \(column + 1) is not of the schema's type" }
    }

    var values: [SQLValue]

    func text(_ column: Int) throws -> String {
        guard let text = try optionalText(column) else { throw Unexpected(column: column) }
        return text
    }

    func optionalText(_ column: Int) throws -> String? {
        guard values.indices.contains(column) else { throw Unexpected(column: column) }
        switch values[column] {
        case .text(let text): return text
        case .null: return nil
        case .integer: throw Unexpected(column: column)
        }
    }

    /// PostgreSQL sends numbers as text.
    func integer(_ column: Int) throws -> Int64 {
        guard values.indices.contains(column) else { throw Unexpected(column: column) }
        switch values[column] {
        case .integer(let number): return number
        case .text(let text):
            guard let number = Int64(text) else { throw Unexpected(column: column) }
            return number
        case .null: throw Unexpected(column: column)
        }
    }

    func bool(_ column: Int) throws -> Bool { try integer(column) != 0 }
}
