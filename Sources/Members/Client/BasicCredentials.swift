/// The value of `Authorization` for a user and a password (RFC 7617).
enum BasicCredentials {
    static func value(user: String, password: String) -> String {
        "Basic " + base64(Array("\(user):\(password)".utf8))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for index in 0..<3 {
                bits = bits << 8 | (index < group.count ? Int(group[start + index]) : 0)
            }
            for index in 0..<4 {
                out.append(
                    index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : 0x3D)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
