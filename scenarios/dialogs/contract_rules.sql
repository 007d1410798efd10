--# scenario What a dialog refuses at once: the wrong message type, direction, body, handle or state
--# clock 2020-03-01
--# note A contract says which side may send what. SEND checks it before anything is stored, so none of these reaches the other side.
--# instance HOST_A
:r ../setup/shop.sqlcmd
CREATE MESSAGE TYPE [Ping] VALIDATION = EMPTY;
CREATE CONTRACT [PingContract] ([Order] SENT BY INITIATOR, [Receipt] SENT BY TARGET, [Ping] SENT BY ANY);
ALTER SERVICE WarehouseService (ADD CONTRACT [PingContract]);
CREATE TABLE Dialogs (side varchar(10), handle uniqueidentifier);
DECLARE @h uniqueidentifier;
BEGIN DIALOG @h FROM SERVICE WebService TO SERVICE 'WarehouseService' ON CONTRACT [PingContract] WITH LIFETIME = 3600, ENCRYPTION = OFF;
INSERT INTO Dialogs VALUES ('web', @h);
SEND ON CONVERSATION @h MESSAGE TYPE [Ping];
GO
--# expect delivered 1 to [WarehouseQueue] on HOST_A.Shop
INSERT INTO Dialogs SELECT 'warehouse', conversation_handle FROM sys.conversation_endpoints WHERE is_initiator = 0;
GO
--# note 8432: a Receipt is for the target to send. 8434: and an Order for the initiator. 8431: [DEFAULT] is not in the contract.
--# expect error 8432
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'packed');
GO
--# expect error 8434
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'warehouse';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
GO
--# expect error 8431
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h (N'a lamp');
GO
--# note 8430: a type with VALIDATION = EMPTY takes no body. 8433: NULL is no body.
--# expect error 8430
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h MESSAGE TYPE [Ping] (N'a lamp');
GO
--# expect error 8433
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (NULL);
GO
--# note 8410: a timer may not outlive the dialog. 8429: nothing is sent after END. 8426: and afterwards the handle is unknown.
--# expect error 8410
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
BEGIN CONVERSATION TIMER (@h) TIMEOUT = 7200;
GO
--# note None of them has harmed the dialog.
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'a lamp');
END CONVERSATION @h;
GO
--# expect delivered 2 to [WarehouseQueue] on HOST_A.Shop
--# expect error 8429
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'warehouse';
SEND ON CONVERSATION @h MESSAGE TYPE [Receipt] (N'too late');
GO
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'warehouse';
END CONVERSATION @h;
GO
--# settle
--# expect error 8426
DECLARE @h uniqueidentifier;
SELECT @h = handle FROM Dialogs WHERE side = 'web';
SEND ON CONVERSATION @h MESSAGE TYPE [Order] (N'much too late');
GO
