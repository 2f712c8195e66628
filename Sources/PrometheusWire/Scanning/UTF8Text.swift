/// Texts that members send, as bytes. A server of the API passes on what it stores, and some store
/// bytes that are no UTF-8. Clients that read its JSON see U+FFFD in their place, and so do clients
/// of this gateway, from every endpoint.
public enum UTF8Text {
    /// Whether bytes are UTF-8. Runs of ASCII are passed over eight bytes at a time.
    public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let p = bytes.baseAddress else { return true }
        let raw = UnsafeRawPointer(p)
        let end = bytes.count
        var i = 0
        while i < end {
            if i + 8 <= end {
                let word = raw.loadUnaligned(fromByteOffset: i, as: UInt64.self)
                if word & 0x8080_8080_8080_8080 == 0 {
                    i += 8
                    continue
                }
            }
            if p[i] < 0x80 {
                i += 1
                continue
            }
            let length = scalar(p + i, atMost: end - i)
            if length == 0 { return false }
            i += length
        }
        return true
    }

    /// Bytes of the scalar that begins here, which is none of ASCII; 0 if there is none.
    private static func scalar(_ p: UnsafePointer<UInt8>, atMost count: Int) -> Int {
        let length: Int
        // What the second byte may be keeps out long forms, surrogates and what is beyond Unicode.
        let second: ClosedRange<UInt8>
        switch p[0] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard length <= count, second.contains(p[1]) else { return 0 }
        for index in 2..<max(2, length) where p[index] & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// The same bytes if they are UTF-8, else with U+FFFD where they are not.
    static func repaired<Bytes: RangeReplaceableCollection<UInt8>>(_ bytes: Bytes) -> Bytes {
        let isValid = bytes.withContiguousStorageIfAvailable { Self.isValid($0) } ?? false
        return isValid ? bytes : Bytes(String(decoding: bytes, as: UTF8.self).utf8)
    }
}
