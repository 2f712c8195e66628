import TimeSeries

/// Names and values in the escaped form of `LabelSet.key`, which compares as Prometheus compares.
enum LabelBytes {
    static func escaped(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        LabelSet.append(text.utf8, to: &bytes)
        bytes.removeLast()
        return bytes
    }

    static func text(_ escaped: some Collection<UInt8>) -> String {
        guard escaped.contains(1) else { return String(decoding: escaped, as: UTF8.self) }
        var bytes: [UInt8] = []
        var follows = false
        for byte in escaped {
            if follows {
                bytes.append(byte &- 1)
                follows = false
            } else if byte == 1 {
                follows = true
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
