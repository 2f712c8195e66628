import Testing

@testable import Federation
@testable import Gateway

@Suite struct MemberAnnotationsTests {
    @Test(arguments: [
        ("PromQL info: x (1:6)", "PromQL info: x"), ("x (a:b)", "x (a:b)"), ("x", "x"),
        ("x (12)", "x (12)"), ("x (1:2) (3:4)", "x (1:2)"),
    ])
    func losePositionsOnly(text: String, expected: String) {
        #expect(MemberAnnotations.withoutPosition(text) == expected)
    }
}
