public import TimeSeries

extension ElementList {
    /// Everything in several lists, without the names or values that are left out. What is in two of
    /// them is in it twice; merging takes it once.
    public init(unionOf lists: [ElementList], leavingOut names: Set<String> = []) {
        self.init()
        let left = names.map { Array($0.utf8) }
        for list in lists {
            for page in list.pages {
                withExtendedLifetime(page) {
                    let view = page.view
                    for index in 0..<view.count {
                        let key = view.key(index)
                        if left.contains(where: { key.elementsEqual($0) }) { continue }
                        texts.append(contentsOf: view.text(index))
                        keys.append(contentsOf: key)
                        close()
                    }
                }
            }
        }
        finish()
    }

    /// The label sets of several lists of `series`, each without some labels.
    public init(seriesOf lists: [ElementList], without labels: LabelNames) {
        self.init()
        for list in lists {
            list.forEachLabelSet { own in
                let labels = own.removing(labels)
                ResultWriter.appendLabels(labels, to: &texts)
                keys.append(contentsOf: labels.key)
                close()
            }
        }
        finish()
    }
}
