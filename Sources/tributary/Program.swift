import ArgumentParser

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@main
enum Program {
    static func main() async {
        // A client that is gone is an error of the write, not the end of the program.
        signal(SIGPIPE, SIG_IGN)
        await Tributary.main()
    }
}
