:r self.sql
