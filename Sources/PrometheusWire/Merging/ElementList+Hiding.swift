public import TimeSeries

extension ElementList {
    /// The same names without some of them.
    public func leavingOut(_ names: Set<String>) -> ElementList {
        let left = names.map { Array($0.utf8) }
        var list = ElementList()
        for page in pages {
            withExtendedLifetime(page) {
                let view = page.view
                for index in 0..<view.count {
                    let key = view.key(index)
                    if left.contains(where: { key.elementsEqual($0) }) { continue }
                    list.texts.append(contentsOf: view.text(index))
                    list.keys.append(contentsOf: key)
                    list.close()
                }
            }
        }
        list.finish()
        return list
    }

    /// The same label sets, each without some labels. Several may become one, which is in the list more
    /// than once then.
    public func leavingOut(labels: LabelNames) -> ElementList {
        var list = ElementList()
        forEachLabelSet { own in
            let left = own.removing(labels)
            ResultWriter.appendLabels(left, to: &list.texts)
            list.keys.append(contentsOf: left.key)
            list.close()
        }
        list.finish()
        return list
    }
}
