"""The query languages: text to trees, and trees against documents in memory."""
