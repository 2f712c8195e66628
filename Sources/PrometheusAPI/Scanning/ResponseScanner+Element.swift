extension ResponseScanner {
    /// Reads an element up to its samples.
    mutating func readElement(mayEnd: Bool) throws(ScanError) -> Bool {
        element = OpenElement(bytes: page.bytes.count, keys: page.keys.count)
        switch readFastHead() {
        case .incomplete:
            guard count - position <= limits.element else {
                throw .tooLarge("a series is larger than \(limits.element) bytes")
            }
            return false
        case .taken: return true
        case .unusual: break
        }
        let next = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            try cursor.peek()
        }
        guard let next else { return false }
        if mayEnd, next == UInt8(ascii: "]") {
            position += 1
            state = .tail
            return true
        }
        let parsed = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            try WalkedElement(&cursor)
        }
        guard let parsed else { return false }
        try write(parsed)
        state = .separator
        return true
    }

    private enum FastHead {
        case taken
        case incomplete
        case unusual
    }

    private static let metricHead = Array("{\"metric\":{".utf8)
    private static let valuesHead = Array(",\"values\":[".utf8)
    private static let valueHead = Array(",\"value\":[".utf8)

    /// The head of an element in Prometheus's own spelling, labels without escapes.
    private mutating func readFastHead() -> FastHead {
        var labels: [MetricEditor.PlainLabel] = []
        var isVector = false
        var next = position
        let outcome: FastHead = pending.withUnsafeBufferPointer { bytes in
            var i = position
            func has(_ text: [UInt8]) -> FastHead {
                for (offset, byte) in text.enumerated() where bytes[min(i + offset, count)] != byte
                {
                    return i + offset >= count ? .incomplete : .unusual
                }
                i += text.count
                return .taken
            }
            /// A string without escapes; its inside.
            func plainString() -> Range<Int>? {
                guard bytes[i] == UInt8(ascii: "\"") else { return nil }
                var end = i + 1
                while bytes[end] >= 0x20, bytes[end] != UInt8(ascii: "\""),
                    bytes[end] != UInt8(ascii: "\\")
                {
                    end += 1
                }
                guard bytes[end] == UInt8(ascii: "\"") else {
                    i = end
                    return nil
                }
                defer { i = end + 1 }
                return (i + 1)..<end
            }
            func failed() -> FastHead { i >= count ? .incomplete : .unusual }

            let head = has(Self.metricHead)
            guard case .taken = head else { return head }
            if bytes[i] == UInt8(ascii: "}") {
                i += 1
            } else {
                while true {
                    guard let name = plainString() else { return failed() }
                    guard bytes[i] == UInt8(ascii: ":") else { return failed() }
                    i += 1
                    guard let value = plainString() else { return failed() }
                    labels.append((name, value))
                    if bytes[i] == UInt8(ascii: ",") {
                        i += 1
                    } else if bytes[i] == UInt8(ascii: "}") {
                        i += 1
                        break
                    } else {
                        return failed()
                    }
                }
            }
            let values = has(Self.valuesHead)
            if case .taken = values {
                next = i
                return .taken
            }
            let value = has(Self.valueHead)
            if case .taken = value {
                isVector = true
                // The bracket belongs to the sample.
                next = i - 1
                return .taken
            }
            if case .incomplete = values { return .incomplete }
            return value
        }
        guard case .taken = outcome else { return outcome }
        let start = position
        let isPlain = pending.withUnsafeBufferPointer {
            editor.appendPlain(labels, of: $0, to: &page)
        }
        guard isPlain else { return .unusual }
        page.bytes.append(UInt8(ascii: ","))
        element.samples = page.bytes.count
        page.bytes.append(contentsOf: (isVector ? "\"value\":" : "\"values\":[").utf8)
        position = next
        guard isVector else {
            state = .samples
            return .taken
        }
        let taken = readFastValue()
        if case .taken = taken {
            state = .rest
        } else {
            page.bytes.removeSubrange(element.bytes...)
            page.keys.removeSubrange(element.keys...)
            position = start
        }
        return taken
    }

    /// The one sample of a vector's element.
    private mutating func readFastValue() -> FastHead {
        let start = position
        let end: Int? = pending.withUnsafeBufferPointer { bytes in
            SampleScan.valueClasses.withUnsafeBufferPointer { classes in
                guard let table = classes.baseAddress else { return nil }
                return SampleScan.sample(bytes, from: start, count: count, classes: table)
            }
        }
        guard let end else {
            return pending[start..<count].contains(UInt8(ascii: "]")) ? .unusual : .incomplete
        }
        page.bytes.append(contentsOf: pending[start..<end])
        position = end
        return .taken
    }

    /// Passes samples on as far as they are complete.
    mutating func readSamples() throws(ScanError) -> Bool {
        while true {
            guard page.bytes.count - element.bytes <= limits.element else {
                throw .tooLarge("a series is larger than \(limits.element) bytes")
            }
            let start = position
            let (end, stop) = pending.withUnsafeBufferPointer { bytes in
                SampleScan.valueClasses.withUnsafeBufferPointer { classes in
                    guard let table = classes.baseAddress else {
                        return (start, SampleScan.Stop.unusual)
                    }
                    return SampleScan.samples(bytes, from: start, count: count, classes: table)
                }
            }
            if end > start {
                pending.withUnsafeBufferPointer {
                    page.bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[start..<end]))
                }
                position = end
            }
            switch stop {
            case .closed:
                state = .rest
                return true
            case .incomplete: return false
            case .unusual:
                guard try readUnusualSample() else { return false }
                if case .rest = state { return true }
            }
        }
    }

    /// One sample, or the end of the array, in another spelling.
    private mutating func readUnusualSample() throws(ScanError) -> Bool {
        let isFirst = page.bytes.last == UInt8(ascii: "[")
        var sample: [UInt8] = []
        let isLast = try walk(limit: limits.frame) { (cursor) throws(JSONCursor.Failure) in
            if isFirst, try cursor.accept(UInt8(ascii: "]")) { return true }
            sample = try WalkedElement.sample(&cursor)
            if try cursor.accept(UInt8(ascii: ",")) { return false }
            try cursor.expect(UInt8(ascii: "]"))
            return true
        }
        guard let isLast else { return false }
        page.bytes.append(contentsOf: sample)
        page.bytes.append(UInt8(ascii: isLast ? "]" : ","))
        if isLast { state = .rest }
        return true
    }

    /// What follows `values` in an element: its end, or histograms.
    mutating func readRest() throws(ScanError) -> Bool {
        if position < count, pending[position] == UInt8(ascii: "}") {
            position += 1
            close()
            return true
        }
        var histograms: [UInt8] = []
        let done = try walk(limit: limits.element) { (cursor) throws(JSONCursor.Failure) in
            while try cursor.accept(UInt8(ascii: ",")) {
                let key = try cursor.string()
                try cursor.expect(UInt8(ascii: ":"))
                if key == "histograms" {
                    histograms = try WalkedElement.histograms(&cursor)
                } else {
                    try cursor.skip()
                }
            }
            try cursor.expect(UInt8(ascii: "}"))
            return true
        }
        guard done != nil else { return false }
        if !histograms.isEmpty {
            page.bytes.append(contentsOf: ",\"histograms\":".utf8)
            page.bytes.append(contentsOf: histograms)
            element.hasHistograms = true
        }
        close()
        return true
    }

    private mutating func close() {
        page.bytes.append(UInt8(ascii: "}"))
        page.series.append(
            SeriesPage.Extent(
                key: element.keys..<page.keys.count, element: element.bytes..<page.bytes.count,
                samples: element.samples..<page.bytes.count,
                hasHistograms: element.hasHistograms))
        page.bytes.append(UInt8(ascii: ","))
        trailer.seriesCount += 1
        state = .separator
        if page.bytes.count >= limits.page { flush() }
    }

    /// Writes an element that the walker read.
    mutating func write(_ walked: WalkedElement) throws(ScanError) {
        element = OpenElement(bytes: page.bytes.count, keys: page.keys.count)
        try editor.append(walked.labels, to: &page)
        page.bytes.append(UInt8(ascii: ","))
        element.samples = page.bytes.count
        page.bytes.append(contentsOf: walked.samples)
        element.hasHistograms = walked.hasHistograms
        close()
    }
}
