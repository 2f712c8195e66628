extension Secret {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")

    /// A new key: 32 letters and digits from the system's source of chance.
    public static func random() -> Secret { Secret(randomText(count: 32)) }

    static func randomText(count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return String(
            (0..<count).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
    }
}
