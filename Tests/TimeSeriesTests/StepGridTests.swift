import GoText
import Testing
import TimeSeries

@Suite struct StepGridTests {
    @Test(arguments: [
        (StepGrid.instant(5), 1), (StepGrid(start: 0, end: 100, step: 10), 11),
        (StepGrid(start: 0, end: 99, step: 10), 10), (StepGrid(start: 1, end: 0, step: 10), 0),
    ])
    func `steps go up to the end`(grid: StepGrid, count: Int) {
        #expect(grid.count == count)
        #expect(grid.time(at: 0) == grid.start)
    }

    @Test func `the absent marker is neither stale nor a usual NaN`() {
        #expect(SampleValue.isAbsent(SampleValue.absent))
        #expect(!SampleValue.isAbsent(SampleValue.stale))
        #expect(!SampleValue.isAbsent(.nan))
        #expect(SampleValue.isStale(SampleValue.stale))
        #expect(!SampleValue.isStale(SampleValue.normalNaN))
    }

    @Test func `a series without floats and histograms is empty`() {
        var series = StepSeries(labels: .empty, absentFor: 2)
        #expect(series.isEmpty)
        series.histograms[1] = FloatHistogram()
        #expect(!series.isEmpty)
        #expect(series.hasValue(at: 1) && !series.hasValue(at: 0))
    }
}
