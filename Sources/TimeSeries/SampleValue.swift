/// Reserved bit patterns of floats.
public enum SampleValue {
    /// The staleness marker, as Prometheus `model/value/value.go`.
    public static let staleBits: UInt64 = 0x7ff0_0000_0000_0002
    public static let stale = Double(bitPattern: staleBits)
    /// The usual NaN of Prometheus.
    public static let normalNaN = Double(bitPattern: 0x7ff8_0000_0000_0001)
    /// Stands in columns for "no sample at this step"; never leaves the process.
    public static let absentBits: UInt64 = 0x7ff4_7269_6275_7400
    public static let absent = Double(bitPattern: absentBits)

    @inlinable public static func isStale(_ value: Double) -> Bool {
        value.bitPattern == staleBits
    }
    @inlinable public static func isAbsent(_ value: Double) -> Bool {
        value.bitPattern == absentBits
    }
}
