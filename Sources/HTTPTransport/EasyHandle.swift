import CCurl
import GoText

/// One libcurl easy handle and the C memory that lives as long as its current transfer.
///
/// Owned by the transport; used on the loop's thread alone.
final class EasyHandle {
    let raw: UnsafeMutableRawPointer
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    private let errorText: UnsafeMutablePointer<CChar>

    /// What is received at once. libcurl may keep a buffer from transfer to transfer, so that a
    /// handle never gets another size.
    let bufferBytes: Int

    init?(bufferBytes: Int) {
        self.bufferBytes = bufferBytes
        guard let raw = curl_easy_init() else { return nil }
        self.raw = raw
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(raw)
        freeLists()
        errorText.deallocate()
    }

    /// Ready for another transfer: connections stay in their cache, options go.
    func reset() {
        set(CURLOPT_SHARE, pointer: nil)
        curl_easy_reset(raw)
        freeLists()
        errorText[0] = 0
    }

    private func freeLists() {
        for list in lists { curl_slist_free_all(list) }
        lists = []
    }

    func set(_ option: CURLoption, _ value: Int) {
        _ = ccurl_set_long(raw, option, value)
    }

    func set(_ option: CURLoption, offset value: Int) {
        _ = ccurl_set_offset(raw, option, curl_off_t(value))
    }

    func set(_ option: CURLoption, pointer: UnsafeRawPointer?) {
        _ = ccurl_set_pointer(raw, option, pointer)
    }

    /// libcurl copies texts.
    func set(_ option: CURLoption, _ text: String) {
        _ = text.withCString { ccurl_set_pointer(raw, option, $0) }
    }

    func set(_ option: CURLoption, bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes { ccurl_set_blob(raw, option, $0.baseAddress, $0.count) }
    }

    func set(_ option: CURLoption, function: ccurl_data_function) {
        _ = ccurl_set_function(raw, option, function)
    }

    func set(_ option: CURLoption, list texts: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for text in texts {
            guard let longer = curl_slist_append(list, text) else { break }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        set(option, pointer: list)
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        _ = ccurl_get_long(raw, info, &value)
        return value
    }

    /// The connection of a transfer that has ended well; nil when it is not open any more.
    var socket: Int32? {
        let socket = ccurl_get_socket(raw)
        return socket < 0 ? nil : socket
    }

    /// Takes connections from this cache alone.
    func use(_ cache: ConnectionCache, of caches: ConnectionCaches) {
        set(CURLOPT_SHARE, pointer: UnsafeRawPointer(cache.share))
        _ = ccurl_set_close_function(raw, ConnectionCaches.socketClosed)
        set(
            CURLOPT_CLOSESOCKETDATA,
            pointer: UnsafeRawPointer(Unmanaged.passUnretained(caches).toOpaque()))
    }

    /// What every transfer is set to.
    func configure(for request: TransferRequest) {
        set(CURLOPT_ERRORBUFFER, pointer: errorText)
        set(CURLOPT_NOSIGNAL, 1)
        _ = ccurl_set_quick_exit(raw)
        _ = ccurl_set_http_only(raw)
        set(CURLOPT_NETRC, 0)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, bufferBytes)
        // Requests are short.
        set(CURLOPT_UPLOAD_BUFFERSIZE, 16 * 1024)
        set(CURLOPT_PROXY, request.proxy ?? "")
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: request.connectTimeout.millisecondsToWait))
        if request.maximumBytes != .max {
            set(CURLOPT_MAXFILESIZE_LARGE, offset: request.maximumBytes)
        }
        let target = ConnectionTarget(url: request.url, serverName: request.tls.serverName)
        set(CURLOPT_URL, target.url)
        if let route = target.route { set(CURLOPT_CONNECT_TO, list: [route]) }
        if target.isTLS {
            // Wait for a connection that may turn out to carry many transfers.
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            set(CURLOPT_PIPEWAIT, 1)
            configure(request.tls)
        } else {
            set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        }
        var lines = request.headers.fields.map { field in
            // libcurl takes "Name:" for a wish to leave the field out.
            field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
        }
        if let host = target.hostField { lines.append("Host: \(host)") }
        switch request.method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .post(let form):
            lines.append(contentsOf: send(form))
        case .put(let body):
            lines.append(contentsOf: send(body))
            set(CURLOPT_CUSTOMREQUEST, "PUT")
        case .delete:
            set(CURLOPT_HTTPGET, 1)
            set(CURLOPT_CUSTOMREQUEST, "DELETE")
        case .send(let body, let type):
            lines.append(contentsOf: send(body))
            lines.append("Content-Type: \(type)")
        }
        set(CURLOPT_HTTPHEADER, list: lines)
    }

    /// Sends a body, as POST if nothing else is said. Gives the header lines that this takes.
    private func send(_ body: [UInt8]) -> [String] {
        set(CURLOPT_POST, 1)
        set(CURLOPT_POSTFIELDSIZE_LARGE, offset: body.count)
        if body.isEmpty {
            set(CURLOPT_COPYPOSTFIELDS, "")
        } else {
            body.withUnsafeBytes { set(CURLOPT_COPYPOSTFIELDS, pointer: $0.baseAddress) }
        }
        // Or a large body would wait a second for a "100 Continue" that few servers send.
        return ["Expect:"]
    }

    private func configure(_ tls: TransferTLS) {
        set(CURLOPT_SSL_VERIFYPEER, tls.verifies ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, tls.verifies ? 2 : 0)
        switch tls.minimumVersion {
        case .v12: set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        case .v13: set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_3))
        }
        set(tls.authorities, file: CURLOPT_CAINFO, bytes: CURLOPT_CAINFO_BLOB)
        set(tls.certificate, file: CURLOPT_SSLCERT, bytes: CURLOPT_SSLCERT_BLOB)
        set(tls.key, file: CURLOPT_SSLKEY, bytes: CURLOPT_SSLKEY_BLOB)
    }

    private func set(_ material: TransferTLS.Material?, file: CURLoption, bytes: CURLoption) {
        switch material {
        case nil: break
        case .file(let path): set(file, path)
        case .bytes(let pem): set(bytes, bytes: pem)
        }
    }

    /// The error a finished transfer amounts to; nil for none.
    func failure(_ code: CURLcode) -> TransferError? {
        if code == CURLE_OK { return nil }
        let detail = String(cString: errorText)
        let general = String(cString: curl_easy_strerror(code))
        return TransferError(
            code, detail: detail.isEmpty ? general : detail,
            systemError: Int32(clamping: long(CURLINFO_OS_ERRNO)))
    }
}
