/// Reads the fields of a `multipart/form-data` body. Files are left out.
enum MultipartForm {
    /// The `boundary` parameter of a content type; nil when the type is another.
    static func boundary(ofContentType contentType: String) -> String? {
        let parts = contentType.split(separator: ";").map { trimmed(String($0)) }
        guard parts.first?.lowercased() == "multipart/form-data" else { return nil }
        return parameter("boundary", in: parts.dropFirst())
    }

    static func parse(
        _ body: [UInt8], boundary: String
    ) -> (values: FormValues, error: FormError?) {
        let delimiter = Array("--\(boundary)".utf8)
        var pairs: [FormValues.Pair] = []
        guard var position = find(delimiter, in: body, from: 0) else {
            return (FormValues(), .malformedMultipart)
        }
        while true {
            position += delimiter.count
            if body[position...].starts(with: Array("--".utf8)) { return (FormValues(pairs), nil) }
            let next = Array("\r\n".utf8) + delimiter
            guard
                let headEnd = find(Array("\r\n\r\n".utf8), in: body, from: position),
                let partEnd = find(next, in: body, from: headEnd + 2)
            else { return (FormValues(pairs), .malformedMultipart) }
            let head = String(decoding: body[position..<headEnd], as: UTF8.self)
            if let name = fieldName(inHead: head) {
                let valueStart = min(headEnd + 4, partEnd)
                let value = String(decoding: body[valueStart..<partEnd], as: UTF8.self)
                pairs.append(FormValues.Pair(name: name, value: value))
            }
            position = partEnd + 2
        }
    }

    private static func fieldName(inHead head: String) -> String? {
        for line in head.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            guard line[..<colon].lowercased() == "content-disposition" else { continue }
            let parts = line[line.index(after: colon)...].split(separator: ";")
                .map { trimmed(String($0)) }
            if parameter("filename", in: parts[...]) != nil { return nil }
            return parameter("name", in: parts[...])
        }
        return nil
    }

    private static func parameter(_ name: String, in parts: ArraySlice<String>) -> String? {
        for part in parts {
            guard let equals = part.firstIndex(of: "=") else { continue }
            guard trimmed(String(part[..<equals])).lowercased() == name else { continue }
            let value = trimmed(String(part[part.index(after: equals)...]))
            guard value.count >= 2, value.first == "\"", value.last == "\"" else { return value }
            return String(value.dropFirst().dropLast())
        }
        return nil
    }

    private static func trimmed(_ text: String) -> String {
        let blanks: Set<Character> = [" ", "\t"]
        let start = text.drop { blanks.contains($0) }
        return String(start.reversed().drop { blanks.contains($0) }.reversed())
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        var index = start
        while index <= bytes.count - needle.count {
            if bytes[index] == first, bytes[index...].starts(with: needle) { return index }
            index += 1
        }
        return nil
    }
}
