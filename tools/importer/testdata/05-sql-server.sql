USE [Messages]
GO
SET ANSI_NULLS ON
GO
CREATE TABLE [dbo].[SmppServerUsers](
	[SystemID] [nvarchar](16) NOT NULL,
	[PasswordHash] [nvarchar](40) NULL,
	[Credits] [int] NULL,
	[AddressRange] [nvarchar](40) NULL,
PRIMARY KEY CLUSTERED ([SystemID] ASC)
) ON [PRIMARY]
GO
INSERT [dbo].[SmppServerUsers] ([SystemID], [PasswordHash], [Credits], [AddressRange]) VALUES (N'Test1', N'DC215545BA63D605FBCD647A9555270F566D918B', 10, N'+31699887766')
GO
INSERT [dbo].[SmppServerUsers] ([SystemID], [PasswordHash], [Credits], [AddressRange]) VALUES (N'Test2', N'806AABE39FC215F7F8CF030900A2CAE1C3E63157', CAST(0 AS Int), NULL)
GO
